/**
 * `npm run ask -- "What is the capital of France?"`: the built page in a headless Chromium pulls a model and answers, here in
 * the terminal. The answer goes to standard output as it is made; everything else goes to standard error.
 */
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { appFolders, serve } from './serve.mjs';
import { build, install } from './workspace.mjs';

const usage = `npm run ask -- [options] "message"

  --model NAME         a model that the page knows, the path of a GGUF file, or the URL of one   [smollm2:135m]
  --temperature T      0 is greedy                                                               [the model's]
  --adapter ADAPTER    default, swiftshader or lavapipe                                          [default]
  --json               one JSON object at the end instead of the text as it comes
`;

function parse() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      model: { type: 'string', default: 'smollm2:135m' },
      temperature: { type: 'string' },
      adapter: { type: 'string', default: 'default' },
      json: { type: 'boolean', default: false },
    },
  });
  const message = positionals.join(' ').trim();
  if (!message) throw new Error('a message is missing');
  if (!['default', 'swiftshader', 'lavapipe'].includes(values.adapter)) {
    throw new Error(`--adapter is default, swiftshader or lavapipe, not ${values.adapter}`);
  }
  const options = {};
  if (values.temperature !== undefined) {
    options.temperature = Number(values.temperature);
    if (!(options.temperature >= 0))
      throw new Error(`--temperature is a number from 0 up, not ${values.temperature}`);
  }
  return { ...values, message, options };
}

/** In the page: pulls and asks through its own `fetch`, handing every line to `onLine`; returns the adapter's name. */
async function askInPage({ model, message, options }) {
  const device = await globalThis.llama.device();
  if (device.missing) throw new Error(device.missing);
  const post = async (path, body) => {
    const response = await fetch(path, { method: 'POST', body: JSON.stringify(body) });
    if (!response.ok) throw new Error((await response.json()).error);
    let rest = '';
    for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split('\n');
      rest = lines.pop();
      for (const line of lines) {
        const part = JSON.parse(line);
        if (part.error) throw new Error(part.error);
        await globalThis.onLine(part);
      }
    }
  };
  await post('/api/pull', { model });
  // A model that was pulled from a URL is named after its file; there is no other in a fresh profile.
  const { models } = await (await fetch('/api/tags')).json();
  await post('/api/chat', { model: models[0].name, messages: [{ role: 'user', content: message }], options });
  return device.adapter;
}

const perSecond = (tokens, ns) => Math.round((tokens / ns) * 1e10) / 10;

async function ask({ model, message, options, adapter, json }) {
  await install({ quiet: true });
  const folders = appFolders(await build({ quiet: true }));
  const { chromium } = await import('playwright');
  const { launchOptions } = await import('./chromium.mjs');
  const isFile = existsSync(model) && statSync(model).isFile();
  if (isFile && !/\.gguf$/i.test(model))
    throw new Error(`${model} is no GGUF file: its name does not end in .gguf`);
  if (isFile) folders.unshift(['/asked/', dirname(resolve(model))]);
  const server = await serve(folders);
  // An empty folder name is a fresh profile on disk: a model must not have to fit into memory, as in a private window.
  const context = await chromium.launchPersistentContext('', {
    ...(await launchOptions(adapter)),
    handleSIGINT: false,
  });
  process.once('SIGINT', () => {
    interrupted = true;
    context.close().finally(() => process.exit(130));
  });
  try {
    const page = await context.newPage();
    const progress = process.stderr.isTTY && !json;
    let answer = '';
    let last;
    await page.exposeFunction('onLine', line => {
      if (line.status !== undefined) {
        if (!progress) return;
        const percent = line.total ? ` ${Math.floor((100 * (line.completed ?? 0)) / line.total)} %` : '';
        process.stderr.write(
          `\r\x1b[K${line.status}${percent}${line.status === 'success' ? '\r\x1b[K' : ''}`,
        );
        return;
      }
      const { content } = line.message;
      answer += content;
      if (!json) process.stdout.write(content);
      if (line.done) last = line;
    });
    await page.goto(`${server.url}playground.html`);
    await page.waitForFunction(() => globalThis.llama);
    const name = isFile ? `${server.url}asked/${encodeURIComponent(basename(model))}` : model;
    const device = await page.evaluate(askInPage, { model: name, message, options });
    const figures = {
      adapter: adapter === 'lavapipe' ? 'lavapipe' : device,
      load_seconds: Math.round(last.load_duration / 1e7) / 100,
      prompt_tokens_per_second: perSecond(last.prompt_eval_count, last.prompt_eval_duration),
      eval_tokens_per_second: perSecond(last.eval_count, last.eval_duration),
    };
    if (json)
      console.log(JSON.stringify({ ...last, message: { ...last.message, content: answer }, ...figures }));
    else {
      process.stdout.write('\n');
      console.error(
        `load ${figures.load_seconds} s   prompt ${figures.prompt_tokens_per_second} tok/s   ` +
          `eval ${figures.eval_tokens_per_second} tok/s   ${figures.adapter}`,
      );
    }
  } finally {
    await context.close();
    await server.close();
  }
}

let request;
let interrupted = false;
try {
  request = parse();
} catch (error) {
  console.error(`${error.message}\n\n${usage}`);
  process.exit(2);
}
try {
  await ask(request);
} catch (error) {
  // What an interrupted page says of its end is no news; Playwright puts its own call before the page's words.
  if (!interrupted) {
    console.error(`\n${error.message.split('\n', 1)[0].replace(/^page\.\w+: (\w*Error: )?/, '')}`);
    process.exit(1);
  }
}
