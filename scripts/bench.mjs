/**
 * `pnpm bench`: this engine and wllama's WebGPU on the same model file and the same adapter, each in a headless Chromium of its
 * own, runs taken in turns; one clock (the page's) for both. Then the load rate beside a plain read of the same stored bytes.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { appFolders, serve } from './serve.mjs';
import { build, install, root } from './workspace.mjs';

const usage = `pnpm bench [--adapter lavapipe|swiftshader|default] [--rounds N] [--tokens N] [--prompt-tokens N] [--json]
`;

const name = 'smollm2:135m';
const file = 'smollm2-135m-instruct-q4_1.gguf';
const wllamaFolder = join(root, 'e2e', 'node_modules', '@wllama', 'wllama');
/** Continues for more than 64 tokens under greedy sampling. */
const shortPrompt = 'Once upon a time, in a small village by the sea, there lived an old clockmaker who';
/** In a round: they are short, and vary. */
const LOADS = 5;
/** Of the long prompt, by SmolLM2's tokenizer. */
const charactersPerToken = 4.3;

/** The isolation that lets wllama use threads. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

const median = numbers => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

/** In this engine's page: one raw greedy completion. `firstMs`: to the first piece; `decodeMs`: from there to the last one. */
async function completeWithTabllama({ model, prompt, tokens, contextLength }) {
  const options = { temperature: 0, num_predict: tokens, num_ctx: contextLength };
  const started = performance.now();
  const response = await fetch('/api/generate', {
    method: 'POST',
    body: JSON.stringify({ model, prompt, raw: true, options }),
  });
  if (!response.ok) throw new Error((await response.json()).error);
  let first;
  let latest;
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const line = JSON.parse(text);
    if (line.error) throw new Error(line.error);
    if (line.response) {
      latest = performance.now();
      first ??= latest;
    }
    if (line.done) {
      return {
        promptTokens: line.prompt_eval_count,
        tokens: line.eval_count,
        firstMs: first - started,
        decodeMs: latest - first,
      };
    }
  }
  throw new Error('the answer ended without its last line');
}

/** In this engine's page: the time of a load from storage to a model that is ready, and of reading the same bytes plainly. */
async function loadWithTabllama({ model, contextLength }) {
  const post = async (path, body) => {
    const response = await fetch(path, { method: 'POST', body: JSON.stringify(body) });
    if (!response.ok) throw new Error((await response.json()).error);
    await response.text();
  };
  await post('/api/generate', { model, keep_alive: 0 });
  const started = performance.now();
  await post('/api/generate', { model, options: { num_ctx: contextLength } });
  const loadMs = performance.now() - started;

  const done = request =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  let bytes = 0;
  let readMs = 0;
  for (const { name } of await indexedDB.databases()) {
    const database = await done(indexedDB.open(name));
    for (const storeName of database.objectStoreNames) {
      const store = () => database.transaction(storeName).objectStore(storeName);
      for (const key of await done(store().getAllKeys())) {
        const before = performance.now();
        const value = await done(store().get(key));
        const buffer = value instanceof Blob ? await value.arrayBuffer() : value;
        // Small records are the store's own; a chunk is large.
        if ((buffer?.byteLength ?? 0) < 65536) continue;
        bytes += buffer.byteLength;
        readMs += performance.now() - before;
      }
    }
    database.close();
  }
  return { loadMs, bytes, readMs };
}

/** In an empty page: loads the model into wllama, all layers on WebGPU. */
async function startWllama({ url, contextLength }) {
  const { Wllama } = await import('/wllama/index.js');
  const log = [];
  const keep = (...parts) => void log.push(parts.join(' '));
  globalThis.wllama = new Wllama(
    { default: '/wllama/wasm/wllama.wasm' },
    { suppressNativeLog: false, logger: { debug: keep, log: keep, warn: keep, error: keep } },
  );
  // Without this it fetches another build from a CDN where it thinks that it needs one.
  globalThis.wllama.setCompat(null);
  const blob = await (await fetch(url)).blob();
  await globalThis.wllama.loadModel([blob], {
    n_ctx: contextLength,
    n_gpu_layers: 99999,
    // It aborts when a batch takes more than 30 s, and a software adapter gets near that with its default of 512.
    n_ubatch: 128,
    n_parallel: 1,
    warmup: false,
    log_level: 2,
  });
  return log.some(line => /webgpu\S* model buffer size/i.test(line));
}

/** In wllama's page: what {@link completeWithTabllama} does. */
async function completeWithWllama({ prompt, tokens }) {
  const started = performance.now();
  let first;
  let latest;
  let figures;
  await globalThis.wllama.createCompletion({
    prompt,
    max_tokens: tokens,
    temperature: 0,
    top_k: 1,
    cache_prompt: false,
    ignore_eos: true,
    stream: true,
    stream_options: { include_usage: true },
    onData: chunk => {
      if (chunk.choices?.[0]?.text) {
        latest = performance.now();
        first ??= latest;
      }
      figures = chunk.timings ?? figures;
    },
  });
  return {
    promptTokens: figures.prompt_n,
    tokens: figures.predicted_n,
    firstMs: first - started,
    decodeMs: latest - first,
  };
}

/** Runs both engines in turns; every prompt starts differently, so that no engine finds it in its cache. */
async function compare(engines, { rounds, tokens, promptTokens, contextLength }) {
  const { nll } = JSON.parse(
    readFileSync(join(root, 'fixtures', 'golden', 'smollm2-135m-instruct-q4_1.json'), 'utf8'),
  );
  const longPrompt = nll.text.slice(0, promptTokens * charactersPerToken);
  const rates = engines.map(() => ({ prompt: [], decode: [] }));
  // Round 0 warms up: pipelines are compiled at their first use.
  for (let round = 0; round <= rounds; round++) {
    for (const [i, { complete }] of engines.entries()) {
      const long = await complete({ prompt: `${round} ${longPrompt}`, tokens: 1, contextLength });
      const short = await complete({
        prompt: `${round} ${shortPrompt}`,
        tokens: round ? tokens : 8,
        contextLength,
      });
      if (round === 0) continue;
      rates[i].prompt.push((1000 * long.promptTokens) / long.firstMs);
      rates[i].decode.push((1000 * (short.tokens - 1)) / short.decodeMs);
      console.error(
        `${engines[i].name}: ${long.promptTokens} prompt tokens in ${Math.round(long.firstMs)} ms, ` +
          `${short.tokens} tokens, all but the first in ${Math.round(short.decodeMs)} ms`,
      );
    }
  }
  return rates.map(({ prompt, decode }) => ({ prompt: median(prompt), decode: median(decode) }));
}

async function bench({ adapter, rounds, tokens, promptTokens }) {
  await install({ quiet: true });
  const dist = await build({ quiet: true });
  const { chromium } = await import('playwright');
  const { hasLavapipe, launchOptions } = await import('./chromium.mjs');
  const on = adapter ?? (hasLavapipe() ? 'lavapipe' : 'swiftshader');
  const contextLength = 2048;
  const folders = [['/wllama/', join(wllamaFolder, 'esm')], ...appFolders(dist)];
  const server = await serve(folders, { headers: isolation });
  const options = await launchOptions(on);
  const contexts = [];
  const open = async path => {
    const context = await chromium.launchPersistentContext('', options);
    contexts.push(context);
    const page = await context.newPage();
    await page.route('**/empty.html', route =>
      route.fulfill({ contentType: 'text/html', headers: isolation, body: '<!doctype html>' }),
    );
    await page.goto(server.url + path);
    return page;
  };
  try {
    const ours = await open('playground.html');
    await ours.waitForFunction(() => globalThis.llama);
    await ours.evaluate(async model => {
      const response = await fetch('/api/pull', {
        method: 'POST',
        body: JSON.stringify({ model, stream: false }),
      });
      if (!response.ok) throw new Error((await response.json()).error);
    }, name);
    const theirs = await open('empty.html');
    const onGpu = await theirs.evaluate(startWllama, { url: `${server.url}models/${file}`, contextLength });
    const [we, they] = await compare(
      [
        { name: 'tabllama', complete: run => ours.evaluate(completeWithTabllama, { model: name, ...run }) },
        { name: 'wllama', complete: run => theirs.evaluate(completeWithWllama, run) },
      ],
      { rounds, tokens, promptTokens, contextLength },
    );
    const loads = [];
    for (let i = 0; i < rounds * LOADS; i++) {
      loads.push(await ours.evaluate(loadWithTabllama, { model: name, contextLength }));
    }
    const bytes = statSync(join(root, 'models', file)).size;
    const load = bytes / 1000 / median(loads.map(({ loadMs }) => loadMs));
    const read = median(loads.map(run => run.bytes / 1000 / run.readMs));
    const { version } = JSON.parse(readFileSync(join(wllamaFolder, 'package.json'), 'utf8'));
    return {
      adapter: on,
      browser: contexts[0].browser()?.version(),
      file,
      bytes,
      we,
      they,
      onGpu,
      version,
      load,
      read,
    };
  } finally {
    for (const context of contexts) await context.close();
    await server.close();
  }
}

function print({ adapter, browser, file, bytes, we, they, onGpu, version, load, read }) {
  const row = (label, ...cells) =>
    console.log(label.padEnd(16) + cells.map(cell => String(cell).padStart(16)).join(''));
  console.log(`\n${file}, ${(bytes / 1e6).toFixed(1)} MB, ${adapter}, Chromium ${browser}\n`);
  row('', 'tabllama', `wllama ${version}`, 'ratio');
  row('prompt tok/s', we.prompt.toFixed(1), they.prompt.toFixed(1), (we.prompt / they.prompt).toFixed(2));
  row('decode tok/s', we.decode.toFixed(1), they.decode.toFixed(1), (we.decode / they.decode).toFixed(2));
  row('', 'load', 'plain read', 'ratio');
  row('MB/s', load.toFixed(0), read.toFixed(0), (load / read).toFixed(2));
  if (!onGpu)
    console.log('\nwllama ran on the CPU: its WebGPU backend needs shader-f16, which this adapter lacks.');
}

try {
  const { values } = parseArgs({
    options: {
      adapter: { type: 'string' },
      rounds: { type: 'string', default: '3' },
      tokens: { type: 'string', default: '32' },
      'prompt-tokens': { type: 'string', default: '256' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) console.log(usage);
  else {
    const result = await bench({
      adapter: values.adapter,
      rounds: Number(values.rounds),
      tokens: Number(values.tokens),
      promptTokens: Number(values['prompt-tokens']),
    });
    if (values.json) console.log(JSON.stringify(result));
    else print(result);
  }
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
