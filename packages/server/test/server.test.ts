/** The server over an engine that says what it is told: turns, queues, streams, and models that come and go. */

import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type GenerationRequest, parseModelName, StatusError } from '@tabllama/api';
import { createServer, type ServerOptions } from '@tabllama/server';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createMemoryStore } from './memory-store.ts';
import { createScriptedEngine, type Script } from './scripted-engine.ts';

const stories = readFileSync(new URL('../../../fixtures/models/stories260K-f32.gguf', import.meta.url));

async function open(script: Script = {}, options: Partial<ServerOptions> = {}) {
  const engine = createScriptedEngine(script);
  const store = createMemoryStore({ 'b:latest': stories, 'https://example.com/tiny.gguf': stories });
  // Different weights are different models: a byte behind the last tensor makes a difference.
  for (const [i, name] of ['a', 'c', 'd'].entries()) {
    await store.install(parseModelName(name)!, Buffer.concat([stories, new Uint8Array([i])]));
  }
  const server = createServer({ engines: [engine], store, ...options });
  const send = (path: string, body?: unknown, init: RequestInit = {}) =>
    server.fetch(
      new Request(`http://localhost${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        body: body === undefined ? undefined : JSON.stringify(body),
        ...init,
      }),
    );
  const say = (model: string, more: object = {}, init?: RequestInit) =>
    send('/api/generate', { model, prompt: 'x', ...more }, init);
  const running = async () =>
    (
      (await (await send('/api/ps')).json()) as {
        models: { name: string; expires_at: string; size: number }[];
      }
    ).models;
  return { engine, store, server, send, say, running };
}

const lines = async (response: Response) =>
  (await response.text())
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>);
const gate = () => Promise.withResolvers<void>();

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');
async function isCollected(ref: WeakRef<object>): Promise<boolean> {
  for (let i = 0; i < 20 && ref.deref(); i++) {
    await new Promise(resolve => setTimeout(resolve));
    collectGarbage();
  }
  return ref.deref() === undefined;
}

afterEach(() => void vi.useRealTimers());

describe('streams', () => {
  test('one line is one chunk, and the last one has all figures', async () => {
    const { say } = await open();
    const response = await say('a');
    const chunks: string[] = [];
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) chunks.push(chunk);
    expect(chunks).toHaveLength(3);
    const parsed = chunks.map(chunk => JSON.parse(chunk) as Record<string, unknown>);
    expect(parsed.map(line => line.response)).toEqual(['Hello', ' world', '']);
    expect(Object.keys(parsed[2])).toEqual([
      'model',
      'created_at',
      'response',
      'done',
      'done_reason',
      'context',
      'total_duration',
      'load_duration',
      'prompt_eval_count',
      'prompt_eval_duration',
      'eval_count',
      'eval_duration',
    ]);
    for (const name of ['total_duration', 'load_duration', 'prompt_eval_count', 'eval_duration']) {
      expect(parsed[2][name]).toSatisfy(value => Number.isInteger(value) && (value as number) > 0);
    }
  });

  test('an answer that nobody reads does not hold the queue', async () => {
    const { say } = await open({ pieces: Array.from({ length: 100 }, (_, i) => `${i} `) });
    const unread = await say('a');
    const next = await say('a', { stream: false });
    expect(next.status).toBe(200);
    expect(await lines(unread)).toHaveLength(101);
  });

  test('a cancelled body stops the engine, and the next request is served', async () => {
    const stuck = gate();
    const { say, engine } = await open({ beforePiece: (_, i) => (i === 1 ? stuck.promise : undefined) });
    const response = await say('a');
    await response.body!.cancel('enough');
    stuck.resolve();
    expect(await lines(await say('a'))).toHaveLength(3);
    expect(engine.log).toEqual(['load a:latest 512', 'end a:latest', 'end a:latest']);
  });

  test('an abort while streaming errors the body with the signal’s reason', async () => {
    const stuck = gate();
    const { say } = await open({ beforePiece: (_, i) => (i === 1 ? stuck.promise : undefined) });
    const controller = new AbortController();
    const response = await say('a', {}, { signal: controller.signal });
    controller.abort('why not');
    stuck.resolve();
    await expect(response.text()).rejects.toBe('why not');
  });

  test('an abort before the answer rejects with the signal’s reason', async () => {
    const { say } = await open({ beforePiece: () => new Promise(resolve => setTimeout(resolve, 20)) });
    for (const stream of [true, false]) {
      const controller = new AbortController();
      const answer = say('a', { stream }, { signal: controller.signal });
      setTimeout(() => controller.abort('stop it'), 5);
      await expect(answer).rejects.toBe('stop it');
    }
    expect((await say('a')).status).toBe(200);
  });

  test('an error before the first line has a status, one after it is the last line', async () => {
    let failAt = 0;
    const { say } = await open({
      beforePiece(_, i) {
        if (i === failAt) throw new StatusError(400, 'no such luck');
      },
    });
    const first = await say('a');
    expect([first.status, first.headers.get('content-type')]).toEqual([400, 'application/json']);
    expect(await first.json()).toEqual({ error: 'no such luck' });
    failAt = 1;
    const later = await say('a');
    expect(later.status).toBe(200);
    expect((await lines(later)).slice(1)).toEqual([{ error: 'no such luck' }]);
    const whole = await say('a', { stream: false });
    expect([whole.status, whole.headers.get('content-type')]).toEqual([
      400,
      'application/json; charset=utf-8',
    ]);
  });
});

describe('the queue', () => {
  test('one generation at a time, first come first served; one that leaves makes room', async () => {
    const started: string[] = [];
    const stuck = gate();
    const { say, engine } = await open({ pieces: ['p'], beforePiece: () => stuck.promise });
    const leaving = new AbortController();
    const answers = ['1', '2', '3', '4'].map(async prompt => {
      const init = prompt === '2' ? { signal: leaving.signal } : {};
      const response = await say('a', { prompt, raw: true, stream: false }, init);
      started.push(prompt);
      return response.status;
    });
    answers[1].catch(() => {});
    await vi.waitFor(() => expect(engine.last).toMatchObject({ prompt: '1' }));
    leaving.abort('bye');
    await expect(answers[1]).rejects.toBe('bye');
    stuck.resolve();
    expect(await Promise.all([answers[0], answers[2], answers[3]])).toEqual([200, 200, 200]);
    expect(started).toEqual(['1', '3', '4']);
  });

  test('beyond its length it answers 503 in the words of Ollama', async () => {
    const stuck = gate();
    const { say, engine } = await open({ beforePiece: () => stuck.promise }, { maxQueue: 1 });
    const first = say('a');
    await vi.waitFor(() => expect(engine.last).toBeDefined());
    const others = [say('a'), say('a')];
    const refused = await Promise.race(others);
    expect(refused.status).toBe(503);
    expect(await refused.json()).toEqual({
      error: 'server busy, please try again.  maximum pending requests exceeded',
    });
    stuck.resolve();
    expect((await first).status).toBe(200);
    expect((await Promise.all(others)).map(response => response.status).sort()).toEqual([200, 503]);
  });
});

test('nobody overtakes another who waits for the same model with another context', async () => {
  const loads = gate();
  let isHeld = false;
  const { engine, say } = await open({ beforeLoad: () => (isHeld ? loads.promise : undefined) });
  await (await say('a')).text();
  isHeld = true;
  const other = say('c');
  const first = say('a', { options: { num_ctx: 64 } });
  const second = say('a');
  await new Promise(resolve => setTimeout(resolve, 20));
  loads.resolve();
  for (const response of await Promise.all([other, first, second])) await response.text();
  const loaded = engine.log.filter(line => line.startsWith('load a'));
  expect(loaded).toEqual(['load a:latest 512', 'load a:latest 64', 'load a:latest 512']);
});

describe('loaded models', () => {
  test('the one used longest ago makes room', async () => {
    const { say, engine, running } = await open({ room: 2 });
    await (await say('a')).text();
    await (await say('c')).text();
    await (await say('a')).text();
    await (await say('d')).text();
    expect(engine.log.filter(entry => !entry.startsWith('end'))).toEqual([
      'load a:latest 512',
      'load c:latest 512',
      'refuse d:latest',
      'unload c:latest',
      'load d:latest 512',
    ]);
    expect((await running()).map(model => model.name).sort()).toEqual(['a:latest', 'd:latest']);
  });

  test('a busy model is waited for', async () => {
    const stuck = gate();
    let first = true;
    const { say, engine } = await open({
      room: 1,
      pieces: ['p'],
      beforePiece() {
        const wait = first ? stuck.promise : undefined;
        first = false;
        return wait;
      },
    });
    const busy = say('a');
    await vi.waitFor(() => expect(engine.last).toBeDefined());
    const other = say('c');
    await vi.waitFor(() => expect(engine.log).toContain('refuse c:latest'));
    stuck.resolve();
    expect(await lines(await busy)).toHaveLength(2);
    expect((await other).status).toBe(200);
    expect(engine.log.slice(1, 5)).toEqual([
      'refuse c:latest',
      'end a:latest',
      'unload a:latest',
      'load c:latest 512',
    ]);
  });

  test('a busy model stays when the one that waits for its room is given up', async () => {
    const piece = gate();
    const { engine, say, running } = await open({
      room: 1,
      beforePiece: (_, i) => (i === 1 ? piece.promise : undefined),
    });
    const busy = await say('a');
    const given = new AbortController();
    const waiting = say('c', {}, { signal: given.signal });
    await vi.waitFor(() => expect(engine.log).toContain('refuse c:latest'));
    given.abort(new Error('never mind'));
    await expect(waiting).rejects.toThrow('never mind');
    piece.resolve();
    await busy.text();
    expect(engine.log).not.toContain('unload a:latest');
    expect((await running()).map(({ name }) => name)).toEqual(['a:latest']);
    expect((await say('a')).status).toBe(200);
  });

  test('a load that fails for another reason leaves them', async () => {
    const failing = { name: '' };
    const { engine, say, running } = await open({
      beforeLoad() {
        if (failing.name) throw new StatusError(500, 'unknown pre-tokenizer');
      },
    });
    await (await say('a')).text();
    failing.name = 'c';
    expect(await (await say('c')).json()).toEqual({ error: 'unknown pre-tokenizer' });
    expect((await running()).map(({ name }) => name)).toEqual(['a:latest']);
    expect(engine.log).not.toContain('unload a:latest');
  });

  test('names share one where they speak alike, and only there', async () => {
    const { engine, say, send } = await open();
    for (const [model, more] of Object.entries({ same: {}, other: { parser: 'harmony' } })) {
      const made = await send('/api/create', { model, from: 'a', stream: false, ...more });
      expect(await made.json()).toEqual({ status: 'success' });
    }
    for (const model of ['a', 'same', 'other']) await (await say(model)).text();
    expect(engine.log.filter(entry => entry.startsWith('load'))).toEqual([
      'load a:latest 512',
      'load other:latest 512',
    ]);
  });

  test('what is unloaded is not kept in memory by the requests that used it', async () => {
    const { engine, say, server } = await open();
    const signal = new AbortController().signal;
    await (await say('a', { keep_alive: 0 }, { signal })).text();
    const model = engine.unloaded[0];
    expect(await isCollected(model)).toBe(true);
    expect(server).toBeDefined();
  });

  test('a model that fits nowhere is refused with the engine’s numbers', async () => {
    const { say } = await open({ room: 0 });
    const response = await say('a');
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ error: 'model requires 2 GiB of memory, 0 models are loaded' });
  });

  test('another num_ctx loads anew; the same does not', async () => {
    const { say, engine, running } = await open();
    await (await say('a', { options: { num_ctx: 100 } })).text();
    await (await say('a', { options: { num_ctx: 100, temperature: 0 } })).text();
    await (await say('a')).text();
    expect(engine.log.filter(entry => !entry.startsWith('end'))).toEqual([
      'load a:latest 100',
      'unload a:latest',
      'load a:latest 512',
    ]);
    expect(await running()).toMatchObject([{ context_length: 512, size: 1512, size_vram: 1512 }]);
  });

  test('keep_alive: the latest given counts, and then the model goes', async () => {
    vi.useFakeTimers({ now: 0 });
    const { say, engine, running } = await open();
    const text = async (response: Promise<Response>) => (await response).text();
    await text(say('a', { keep_alive: '10s' }));
    await vi.advanceTimersByTimeAsync(9000);
    expect(new Date((await running())[0].expires_at).getTime()).toBe(10_000);
    await text(say('a'));
    expect(new Date((await running())[0].expires_at).getTime()).toBe(19_000);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await running()).toEqual([]);
    await text(say('a'));
    await vi.advanceTimersByTimeAsync(4.9 * 60_000);
    expect(await running()).toHaveLength(1);
    await text(say('a', { keep_alive: -1 }));
    await vi.advanceTimersByTimeAsync(60 * 24 * 3_600_000);
    expect(new Date((await running())[0].expires_at).getFullYear()).toBeGreaterThan(2200);
    await text(say('a', { keep_alive: 0 }));
    expect(await running()).toEqual([]);
    expect(engine.loaded.size).toBe(0);
  });

  test('an empty request with keep_alive 0 unloads, also what is in use when it is done', async () => {
    const stuck = gate();
    const { say, send, engine, running } = await open({ beforePiece: () => stuck.promise });
    const busy = say('a');
    await vi.waitFor(() => expect(engine.last).toBeDefined());
    const unload = await send('/api/chat', { model: 'a', keep_alive: 0 });
    expect(await unload.json()).toMatchObject({ done_reason: 'unload' });
    expect(await running()).toHaveLength(1);
    stuck.resolve();
    expect(await lines(await busy)).toHaveLength(3);
    expect(await running()).toEqual([]);
  });

  test('names with the same weights share the loaded model', async () => {
    const { say, send, engine } = await open();
    await send('/api/copy', { source: 'a', destination: 'copy' });
    await (await say('a')).text();
    await (await say('copy')).text();
    expect(engine.log.filter(entry => entry.startsWith('load'))).toEqual(['load a:latest 512']);
  });

  test('a lost device ends the stream with an error line, and the next request loads anew', async () => {
    const stuck = gate();
    const { say, engine, running } = await open({
      beforePiece: (_, i) => (i === 1 ? stuck.promise : undefined),
    });
    const response = await say('a');
    engine.loaded.get('a:latest')!.lose('the GPU device was lost: unplugged');
    await vi.waitFor(async () => expect(await running()).toEqual([]));
    stuck.resolve();
    expect((await lines(response)).slice(1)).toEqual([{ error: 'the GPU device was lost: unplugged' }]);
    expect((await say('a')).status).toBe(200);
    expect(engine.log.filter(entry => entry.startsWith('load'))).toHaveLength(2);
  });

  test('a load that is aborted is no one else’s', async () => {
    const { say, engine } = await open({ beforeLoad: () => new Promise(resolve => setTimeout(resolve, 10)) });
    const controller = new AbortController();
    const aborted = say('a', {}, { signal: controller.signal });
    const waiting = say('a');
    setTimeout(() => controller.abort('no'), 2);
    await expect(aborted).rejects.toBe('no');
    expect((await waiting).status).toBe(200);
    expect(engine.log[0]).toBe('load a:latest 512');
  });

  test('a closed server has nothing loaded and answers 503', async () => {
    const { server, say, engine } = await open();
    await (await say('a')).text();
    await server[Symbol.asyncDispose]();
    expect(engine.loaded.size).toBe(0);
    expect((await say('a')).status).toBe(503);
  });
});

describe('requests', () => {
  test('tools and thinking reach only models that have them', async () => {
    const { send } = await open();
    const messages = [{ role: 'user', content: 'x' }];
    const chat = (more: object) => send('/api/chat', { model: 'a', messages, ...more });
    expect((await chat({ think: false })).status).toBe(200);
    expect((await chat({ tools: [] })).status).toBe(200);
    expect((await chat({ top_logprobs: 21 })).status).toBe(400);
  });

  test.each(['/api/chat', '/api/generate'])(
    'a format reaches the engine as it was written, and what is none is refused: %s',
    async path => {
      const { server, engine } = await open();
      const ask = (format: string) =>
        server.fetch(
          new Request(`http://localhost${path}`, {
            method: 'POST',
            body: `{"model":"a","prompt":"x","messages":[{"role":"user","content":"x"}],"format": ${format}}`,
          }),
        );
      const schema =
        '{"properties":{"b":{},"10":{"maximum":1.0},"2":{"const":12345678901234567890}},"b":"\\u00e9"}';
      const formats = {
        null: undefined,
        '""': undefined,
        '"json"': 'json',
        '{}': 'json',
        [schema]: schema.replace('\\u00e9', 'é'),
      };
      for (const [format, expected] of Object.entries(formats)) {
        const response = await ask(format);
        expect(response.status).toBe(200);
        await response.text();
        expect((engine.last as { format?: string }).format).toBe(expected);
      }
      const wrong = { '5': '5', true: 'true', '[1,"a"]': '[1,\\"a\\"]', '"xml"': '\\"xml\\"' };
      for (const [format, shown] of Object.entries(wrong)) {
        const response = await ask(format);
        expect(response.status).toBe(500);
        expect(await response.json()).toEqual({
          error: `invalid format: "${shown}"; expected "json" or a valid JSON Schema object`,
        });
      }
      const nested = await ask(`${'{"not":'.repeat(2000)}{}${'}'.repeat(2000)}`);
      expect(nested.status).toBe(400);
    },
  );

  test('model messages and system come before those of the request', async () => {
    const { send, engine, store } = await open();
    await store.install(parseModelName('m')!, stories, {
      system: 'S',
      messages: '[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]',
    });
    const debug = async (path: string, body: object) => {
      const response = await send(path, { model: 'm', _debug_render_only: true, ...body });
      return ((await response.json()) as { _debug_info: { rendered_template: string } })._debug_info
        .rendered_template;
    };
    const user = { role: 'USER', content: 'x' };
    const system = { role: 'system', content: 'T' };
    expect(await debug('/api/chat', { messages: [user] })).toBe('<system>S<user>q<assistant>a<user>x');
    expect(await debug('/api/chat', { messages: [system, user] })).toBe(
      '<user>q<assistant>a<system>T<user>x',
    );
    expect(await debug('/api/generate', { prompt: 'x' })).toBe('<system>S<user>q<assistant>a<user>x');
    expect(await debug('/api/generate', { prompt: 'x', system: 'T', context: [65] })).toBe(
      'A<system>T<user>x',
    );
    expect(await debug('/api/generate', { prompt: 'x', raw: true })).toBe('x');
    expect(engine.last).toBeUndefined();
  });

  test('raw goes with neither template, system nor context, and its answer has no context', async () => {
    const { say } = await open();
    for (const more of [{ template: 't' }, { system: 's' }, { context: [1] }]) {
      const response = await say('a', { raw: true, ...more });
      expect(response.status).toBe(400);
      expect(await response.json()).toEqual({
        error: 'raw mode does not support template, system, or context',
      });
    }
    expect((await lines(await say('a', { raw: true }))).at(-1)).not.toHaveProperty('context');
  });

  test.each<[string, string, object, number, string]>([
    ['POST', '/api/chat', {}, 400, 'model is required'],
    ['POST', '/api/chat', { model: 'a b' }, 400, 'invalid model name'],
    [
      'POST',
      '/api/chat',
      { model: 'a:cloud:local' },
      400,
      'use either :local or :cloud, not both: "a:cloud:local"',
    ],
    ['POST', '/api/generate', { model: 'a//b' }, 400, 'invalid model name'],
    ['POST', '/api/show', {}, 400, 'model is required'],
    ['DELETE', '/api/delete', {}, 400, 'model is required'],
    ['DELETE', '/api/delete', { name: 'a b' }, 400, 'name "a b" is invalid'],
    ['POST', '/api/copy', {}, 400, 'source "" is invalid'],
    ['POST', '/api/copy', { source: 'a', destination: 'b:' }, 400, 'destination "b:" is invalid'],
    ['POST', '/api/copy', { source: 'nope', destination: 'b' }, 404, 'model "nope" not found'],
    ['POST', '/api/pull', {}, 400, 'invalid model name'],
    ['POST', '/api/create', {}, 400, 'invalid model name'],
    ['POST', '/api/create', { model: 'x', files: { '/a': 'b' } }, 400, 'file path must be relative'],
    ['POST', '/api/create', { model: 'x', files: { a: '' } }, 400, 'invalid digest format'],
    ['POST', '/api/create', { model: 'x', files: {} }, 400, 'unknown type'],
    [
      'POST',
      '/api/create',
      { model: 'x', from: 'a', info: { model_family: 1 } },
      400,
      'info field "model_family" must be a string',
    ],
    [
      'POST',
      '/api/create',
      { model: 'x', from: 'a', info: { context_length: -1 } },
      400,
      'info field "context_length" must be a non-negative integer',
    ],
    ['POST', '/api/blobs/sha256:00', {}, 400, 'invalid digest format'],
  ])('%s %s %j is answered with %d', async (method, path, body, status, error) => {
    const { send } = await open();
    const response = await send(path, body, { method });
    expect([response.status, await response.json()]).toEqual([status, { error }]);
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  });

  test('a model comes by name or by the URL of a file, and only from the right name onwards is it there', async () => {
    const { send, say } = await open();
    expect((await say('b')).status).toBe(404);
    const pulled = await lines(await send('/api/pull', { name: 'b' }));
    expect(pulled.at(-1)).toEqual({ status: 'success' });
    expect((await say('B')).status).toBe(200);
    const byUrl = await send('/api/pull', { model: 'https://example.com/tiny.gguf', stream: false });
    expect(await byUrl.json()).toEqual({ status: 'success' });
    expect((await say('from-url')).status).toBe(200);
  });

  test('create from a model that is not there pulls it first; a broken file is refused', async () => {
    const { send } = await open();
    const made = await lines(await send('/api/create', { model: 'n', from: 'b', system: 'S' }));
    expect(made[0]).toEqual({ status: 'pulling manifest' });
    expect(made.at(-1)).toEqual({ status: 'success' });
    expect(made.filter(line => line.status === 'success')).toHaveLength(1);
    const shown = (await (await send('/api/show', { model: 'n' })).json()) as object;
    expect(shown).toMatchObject({ system: 'S', details: { parent_model: 'b:latest' } });

    const body = 'GGUF but not really, only the first four bytes of it';
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(body));
    const path = `/api/blobs/sha256:${Buffer.from(digest).toString('hex')}`;
    expect((await send(path, {}, { body })).status).toBe(201);
    const broken = await lines(await send('/api/create', { model: 'o', files: { f: path.slice(11) } }));
    expect(broken.at(-1)).toHaveProperty('error');
    expect((await send('/api/show', { model: 'o' })).status).toBe(404);
  });

  test('show can be asked for another system and options, and for arrays', async () => {
    const { send } = await open();
    const body = { name: 'a', system: 'S', options: { temperature: 0.5 }, verbose: true };
    const shown = (await (await send('/api/show', body)).json()) as Record<string, never>;
    expect(shown).toMatchObject({ system: 'S' });
    expect(shown).not.toHaveProperty('parameters');
    expect(shown.modelfile).toContain('\nSYSTEM S\nPARAMETER temperature 0.5\n');
    expect(shown.model_info['tokenizer.ggml.tokens']).toHaveLength(512);
  });

  test('show tells the header of the projector, and Copilot the name that it asked for', async () => {
    const { send, store } = await open();
    const model = await store.find(parseModelName('a')!);
    const digest = model!.model!.digest;
    const layer = { mediaType: 'application/vnd.ollama.image.projector', digest, size: stories.length };
    const layers = [...model!.manifest.layers, layer];
    await store.putManifest(parseModelName('seeing')!, { ...model!.manifest, layers });
    const headers = { 'user-agent': 'GitHubCopilotChat/0.26.7' };
    const shown = (await (await send('/api/show', { model: 'Seeing' }, { headers })).json()) as Record<
      string,
      never
    >;
    expect(shown.projector_info).toMatchObject({
      'general.architecture': 'llama',
      'tokenizer.ggml.tokens': null,
    });
    expect(shown.model_info).toMatchObject({ 'general.basename': 'Seeing' });
    expect(shown.capabilities).toEqual(['completion', 'vision']);
    const from = `FROM blobs/${digest.replace(':', '-')}`;
    expect(shown.modelfile).toContain(`\n${from}\n${from}\nTEMPLATE`);
    expect(Object.keys(shown).indexOf('projector_info')).toBe(Object.keys(shown).indexOf('model_info') + 1);
  });

  test('numbers of parameters are shown as Go prints them, and of messages what was said', async () => {
    const { send, store } = await open();
    await store.install(parseModelName('n')!, stories, {
      params:
        '{"num_ctx":2097152,"top_p":0.00001,"top_k":40,"use_mmap":true,"a":null,"b":[{"y":[1,"x",null],"x":{}}]}',
      messages: '[{"role":"user","content":"q","images":["AAAA"]}]',
    });
    const shown = (await (await send('/api/show', { model: 'n' })).json()) as Record<string, string>;
    expect(shown.parameters.split('\n').map(line => line.slice(31))).toEqual([
      '<nil>',
      'map[string]interface {}{"x":map[string]interface {}{}, "y":[]interface {}{1, "x", interface {}(nil)}}',
      '2.097152e+06',
      '40',
      '1e-05',
      'true',
    ]);
    expect(shown.modelfile).toContain(
      '\nPARAMETER a <nil>\nPARAMETER b map[x:map[] y:[1 x <nil>]]\nPARAMETER num_ctx 2.097152e+06\n',
    );
    expect(shown.messages).toEqual([{ role: 'user', content: 'q' }]);
  });

  test('a name of blanks is none', async () => {
    const { send } = await open();
    const error = async (path: string) => [
      (await send(path, { model: ' ' })).status,
      await (await send(path, { model: ' ' })).json(),
    ];
    expect(await error('/api/chat')).toEqual([400, { error: 'model is required' }]);
    expect(await error('/api/show')).toEqual([400, { error: 'model is required' }]);
    expect(await error('/api/embeddings')).toEqual([400, { error: 'model is required' }]);
    expect(await error('/api/generate')).toEqual([404, { error: "model ' ' not found" }]);
    expect(await error('/api/embed')).toEqual([404, { error: "model ' ' not found" }]);
  });

  test('what is rendered tells how many pictures there are', async () => {
    const { send, store } = await open();
    await store.install(parseModelName('m')!, stories, { template: '{{ .Prompt }}' });
    const images = ['AAAA', 'AAAA'];
    const body = {
      model: 'm',
      _debug_render_only: true,
      prompt: 'x',
      images,
      // the second one's tag is in none of the texts, as if the message had been left out
      messages: [{ role: 'user', content: '[img-0]', images }],
    };
    const count = async (path: string) => {
      const { _debug_info } = (await (await send(path, body)).json()) as { _debug_info: object };
      return _debug_info;
    };
    expect(await count('/api/generate')).toEqual({ rendered_template: expect.any(String), image_count: 2 });
    expect(await count('/api/chat')).toEqual({ rendered_template: '<user>[img-0]', image_count: 1 });
  });

  test('num_predict 0 is one token where the runner renders a chat, and no limit elsewhere', async () => {
    const { send, engine, store } = await open();
    await store.install(parseModelName('m')!, stories, { template: '{{ .Prompt }}' });
    const limit = async (path: string, model: string) => {
      const messages = [{ role: 'user', content: 'x' }];
      const body = { model, prompt: 'x', messages, stream: false, options: { num_predict: 0, num_ctx: 100 } };
      await (await send(path, body)).text();
      return (engine.last as GenerationRequest).options.numPredict;
    };
    expect(await limit('/api/chat', 'a')).toBe(1);
    expect(await limit('/api/generate', 'a')).toBe(1000);
    expect(await limit('/api/chat', 'm')).toBe(1000);
  });

  test('a chat that the runner renders is refused before its stream where messages may have to be dropped', async () => {
    const { send } = await open();
    const answer = async (fields: object) => {
      const response = await send('/api/chat', { model: 'a', ...fields });
      return [response.status, response.headers.get('content-type'), await response.text()];
    };
    const one = { role: 'user', content: 'x' };
    const seeing = { ...one, images: ['AAAA'] };
    const [atOnce, inStream] = ['application/json; charset=utf-8', 'application/json'];
    const blind = [500, atOnce, expect.stringContaining('image input is not supported')];
    expect(await answer({ messages: [one, seeing] })).toEqual(blind);
    expect(await answer({ messages: [seeing], _debug_render_only: true })).toEqual(blind);
    expect(await answer({ messages: [one, seeing], truncate: false })).toEqual(blind.with(1, inStream));
    expect(await answer({ messages: [seeing] })).toEqual(blind.with(1, inStream));
    const malformed = [500, atOnce, expect.stringContaining('invalid format')];
    expect(await answer({ messages: [one, one], format: 5 })).toEqual(malformed);
    expect(await answer({ messages: [one], format: 5, _debug_render_only: true })).toEqual(malformed);
    expect(await answer({ messages: [one], format: 5 })).toEqual(malformed.with(1, inStream));
  });

  test('thoughts of earlier answers are taken out for the families that Ollama knows', async () => {
    const { send, store } = await open();
    await store.install(parseModelName('deepseek-r1')!, stories);
    const said = (content: string) => ({ role: 'assistant', content });
    const messages = [
      said(' <think>a</think>\n\nb'),
      said('<think>c'),
      said('d <think>e</think>'),
      { role: 'user', content: 'q' },
      said('<think>f</think>g'),
    ];
    const render = async (model: string) => {
      const response = await send('/api/chat', { model, messages, _debug_render_only: true });
      return ((await response.json()) as { _debug_info: { rendered_template: string } })._debug_info
        .rendered_template;
    };
    expect(await render('deepseek-r1')).toBe(
      '<assistant>b<assistant><assistant>d <think>e</think><user>q<assistant><think>f</think>g',
    );
    expect(await render('a')).toContain('<think>a</think>');
    const refused = await send('/api/chat', { model: 'deepseek-r1', messages, think: true });
    expect(await refused.json()).toEqual({ error: '"deepseek-r1" does not support thinking' });
  });
});

describe('models that are listed', () => {
  test('have their headers read one after another, once, and again when the model is another', async () => {
    const { store, send } = await open();
    const opened: string[] = [];
    let busy = 0;
    const { open: openModel } = store;
    store.open = async model => {
      expect(++busy).toBe(1);
      opened.push(model.name.model);
      const file = await openModel(model);
      busy--;
      return file;
    };
    const list = async () => (await (await send('/api/tags')).json()) as { models: { details: object }[] };
    const first = await list();
    expect(opened).toEqual(['d', 'c', 'a']);
    expect(first.models[0].details).toMatchObject({ context_length: 512, embedding_length: 64 });
    expect(await list()).toEqual(first);
    expect(opened.length).toBe(3);
    await store.install(parseModelName('c')!, Buffer.concat([stories, Uint8Array.of(9)]));
    await list();
    expect(opened.slice(3)).toEqual(['c']);
  });

  test('are deleted though they cannot be read', async () => {
    const { store, send } = await open();
    store.find = async () => Promise.reject(new StatusError(500, 'unsound'));
    const remove = async (model: string) => {
      const { status } = await send('/api/delete', { model }, { method: 'DELETE' });
      return status;
    };
    expect([await remove('a'), await remove('a')]).toEqual([200, 404]);
    expect((await store.list()).map(({ name }) => name.model)).toEqual(['d', 'c']);
  });
});

describe('paths and methods', () => {
  test.each([
    ['PUT', '/api/tags', 'HEAD, GET'],
    ['DELETE', '/api/blobs/sha256:00', 'HEAD, POST'],
    ['GET', '/api/chat', 'POST'],
    ['POST', '/v1/models', 'GET'],
  ])('%s %s is answered with 405 and %s', async (method, path, allow) => {
    const { send } = await open();
    const response = await send(path, undefined, { method });
    expect([response.status, response.headers.get('allow')]).toEqual([405, allow]);
    expect(await response.text()).toBe('405 method not allowed');
  });

  test('a slash too many leads to the right path, the query with it', async () => {
    const { send } = await open();
    const response = await send('/api/tags/?a=1&b=2');
    expect([response.status, response.headers.get('location')]).toEqual([301, '/api/tags?a=1&b=2']);
    expect(await response.text()).toBe('<a href="/api/tags?a=1&amp;b=2">Moved Permanently</a>.\n\n');
    for (const path of ['/api/chat/', '/v1/messages/count_tokens', '/api/tokenize']) {
      const missing = await send(path);
      expect([missing.status, missing.headers.get('content-type'), await missing.text()]).toEqual([
        404,
        'text/plain',
        '404 page not found',
      ]);
    }
  });
});
