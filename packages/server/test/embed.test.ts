/** Embeddings behind the server: the engine on the reference ops, real models, and exchanges recorded from a real Ollama. */
import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { parseModelName } from '@tabllama/api';
import { createEngine } from '@tabllama/engine';
import { createReferenceEmbedder, createReferenceRunner, type Embedder } from '@tabllama/models';
import { createServer } from '@tabllama/server';
import { beforeAll, describe, expect, test } from 'vitest';
import { createMemoryStore } from './memory-store.ts';

const root = new URL('../../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root));
const bert = brotliDecompressSync(read('fixtures/models/synthetic-bert-f32.gguf.br'));
const nomic = brotliDecompressSync(read('fixtures/models/arch-nomic-bert-f32.gguf.br'));

const store = createMemoryStore();
/** What comes of vectors before the server sees them. */
let change = (vectors: Float32Array<ArrayBuffer>[]) => vectors;
const changed = (embedder: Embedder): Embedder => ({
  ...embedder,
  embed: async (texts, signal) => change(await embedder.embed(texts, signal)),
});
const engine = createEngine({
  openRunner: createReferenceRunner,
  openEmbedder: async (gguf, weights, options) =>
    changed(await createReferenceEmbedder(gguf, weights, options)),
  estimate: () => ({ device: 0, kvCache: 0 }),
});
const server = createServer({ engines: [engine], store });

beforeAll(async () => {
  await store.install(parseModelName('bert')!, bert);
  await store.install(parseModelName('nomic')!, nomic);
  await store.install(parseModelName('all-minilm')!, read('models/all-minilm-l6-v2-q8_0.gguf'));
  await store.install(parseModelName('smollm2:135m')!, read('fixtures/models/stories260K-f32.gguf'));
});

async function send(path: string, body: object) {
  const request = new Request(`http://x${path}`, { method: 'POST', body: JSON.stringify(body) });
  const response = await server.fetch(request);
  const text = await response.text();
  return { status: response.status, text, body: JSON.parse(text) };
}

const length = (vector: readonly number[]) => Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));

interface Exchange {
  readonly request: { readonly path: string; readonly body: object };
  readonly response: { readonly status: number; readonly chunks: readonly { readonly text: string }[] };
}
const recorded = (name: string) => {
  const { request, response } = JSON.parse(
    read(`fixtures/ollama-transcripts/${name}.json`).toString(),
  ) as Exchange;
  const text = response.chunks.map(chunk => chunk.text).join('');
  return { ...request, status: response.status, text, answer: JSON.parse(text) };
};

describe('exchanges recorded from Ollama', () => {
  test.each(['error-embed-text-model', 'error-embed-too-long', 'error-not-found-embed'])(
    '%s: the same answer',
    async name => {
      const { path, body, status, text } = recorded(name);
      expect(await send(path, body)).toMatchObject({ status, text });
    },
  );

  test.each([
    ['seed-embed', 2e-3],
    ['seed-embed-multi', 2e-3],
    // of a file that is in F16, not in Q8_0
    ['embed-minilm', 1e-2],
  ])('%s: the same fields, counts and vectors', async (name, bound) => {
    const { path, body, answer } = recorded(name);
    const { status, body: ours } = await send(path, body);
    expect(status).toBe(200);
    expect(Object.keys(ours)).toEqual(Object.keys(answer));
    expect(ours).toMatchObject({ model: answer.model, prompt_eval_count: answer.prompt_eval_count });
    expect(ours.embeddings).toHaveLength(answer.embeddings.length);
    for (const [i, vector] of answer.embeddings.entries()) {
      const shown: number[] = vector.slice(0, -1);
      for (const [j, value] of shown.entries())
        expect(Math.abs(ours.embeddings[i][j] - value)).toBeLessThan(bound);
      expect(ours.embeddings[i]).toHaveLength(shown.length + Number(/\d+/.exec(vector.at(-1))![0]));
      expect(length(ours.embeddings[i])).toBeCloseTo(1, 6);
    }
  });

  test('seed-embeddings: the older endpoint', async () => {
    const { path, body, answer } = recorded('seed-embeddings');
    const { body: ours } = await send(path, body);
    expect(Object.keys(ours)).toEqual(['embedding']);
    for (const [j, value] of answer.embedding.slice(0, -1).entries())
      expect(Math.abs(ours.embedding[j] - value)).toBeLessThan(2e-3);
  });

  test('show-bert: capabilities and keys of the header', async () => {
    const { path, body, answer } = recorded('show-bert');
    const { body: ours } = await send(path, body);
    const { capabilities, details, template } = answer;
    expect(ours).toMatchObject({ capabilities, details, template });
    expect(ours.model_info).toMatchObject(answer.model_info);
  });
});

describe('/api/embed', () => {
  test.each([
    [{}, 404, "model '' not found"],
    [{ model: '/x' }, 400, 'invalid model name'],
    [{ model: '/x', input: 5 }, 400, 'invalid model name'],
    [{ model: 'nothing', input: 5 }, 400, 'invalid input type'],
    [{ model: 'bert', input: ['a', 1] }, 400, 'invalid input type'],
    [{ model: 'bert', input: ['a', null] }, 400, 'invalid input type'],
    [{ model: 'bert', input: {} }, 400, 'invalid input type'],
    [{ model: 'nothing', input: 'a' }, 404, 'model "nothing" not found, try pulling it first'],
    [
      { model: 'bert', input: 'a', dimensions: 'x' },
      400,
      'json: cannot unmarshal string into Go struct field EmbedRequest.dimensions of type int',
    ],
    [
      { model: 'bert', input: 'a', options: { num_ctx: 'x' } },
      500,
      'option "num_ctx" must be of type integer',
    ],
    [{ model: 'bert', input: 'a', keep_alive: 'x' }, 400, 'time: invalid duration "x"'],
  ])('%j is answered with %d', async (body, status, error) => {
    expect(await send('/api/embed', body)).toMatchObject({ status, body: { error } });
  });

  test.each([undefined, null, '', []])('nothing to embed (%j) loads the model', async input => {
    for (const model of ['bert', 'smollm2:135m'])
      expect(await send('/api/embed', { model, input })).toMatchObject({
        status: 200,
        text: `{"model":"${model}","embeddings":[]}`,
      });
    const ps = await (await server.fetch(new Request('http://x/api/ps'))).json();
    expect(ps.models.map((model: { name: string }) => model.name)).toContain('bert:latest');
  });

  test('an empty text in a list is one like any other', async () => {
    const { body } = await send('/api/embed', { model: 'Bert', input: ['', 'hello'] });
    expect(body).toMatchObject({ model: 'Bert', prompt_eval_count: 2 + 4 });
    expect(body.embeddings).toHaveLength(2);
  });

  test('dimensions cut a vector, which has length 1 again', async () => {
    const ask = async (dimensions: number) =>
      (await send('/api/embed', { model: 'bert', input: 'Hello', dimensions })).body
        .embeddings[0] as number[];
    const whole = await ask(0);
    const cut = await ask(8);
    expect(cut).toHaveLength(8);
    expect(length(cut)).toBeCloseTo(1, 6);
    const scale = length(whole.slice(0, 8));
    for (const [i, value] of cut.entries()) expect(value * scale).toBeCloseTo(whole[i], 6);
    for (const without of [-1, 256, 5000]) expect(await ask(without)).toEqual(whole);
  });

  test('a long text is cut to the context', async () => {
    const words = (n: number) => Array.from({ length: n }, () => 'word').join(' ');
    const ask = (input: string, more = {}) =>
      send('/api/embed', { model: 'bert', input, options: { num_ctx: 16 }, ...more });
    const cut = await ask(words(100));
    expect(cut.body.prompt_eval_count).toBe(16);
    expect(cut.body.embeddings).toEqual((await ask(words(14))).body.embeddings);
    const refused = { status: 400, body: { error: 'the input length exceeds the context length' } };
    expect(await ask(words(15), { truncate: false })).toMatchObject(refused);
    expect((await ask(words(14), { truncate: false })).status).toBe(200);

    // less than the 4 tokens that every model has room for
    const asked = (num_ctx: number) => ask(words(14), { options: { num_ctx } });
    expect((await asked(3)).body.prompt_eval_count).toBe(3);
    const tooShort = 'input after truncation exceeds maximum context length';
    expect(await asked(2)).toMatchObject({ status: 400, body: { error: tooShort } });
    const uncut = 'input exceeds maximum context length and cannot be truncated further';
    expect(await asked(0)).toMatchObject({ status: 400, body: { error: uncut } });
  });

  test('a vector that is no numbers is refused', async () => {
    change = vectors => vectors.map(vector => vector.fill(Number.NaN, 3, 4));
    const error = 'embedding contains NaN or Inf values';
    expect(await send('/api/embed', { model: 'bert', input: 'a' })).toMatchObject({
      status: 400,
      body: { error },
    });
    expect(await send('/api/embeddings', { model: 'bert', prompt: 'a' })).toMatchObject({
      status: 500,
      body: { error },
    });
    change = vectors => vectors;
  });

  test('keep_alive 0 unloads the model', async () => {
    await send('/api/embed', { model: 'bert', input: 'a', keep_alive: 0 });
    const ps = await (await server.fetch(new Request('http://x/api/ps'))).json();
    expect(ps.models.map((model: { name: string }) => model.name)).not.toContain('bert:latest');
  });

  test('a model that makes vectors does not chat', async () => {
    const error = '"bert" does not support chat';
    const messages = [{ role: 'user', content: 'Hi' }];
    expect(await send('/api/chat', { model: 'bert', messages })).toMatchObject({
      status: 400,
      body: { error },
    });
  });
});

describe('/api/embeddings', () => {
  test.each([
    [{}, 400, 'model is required'],
    [{ model: '/x' }, 400, 'invalid model name'],
    [{ model: 'nothing' }, 404, 'model "nothing" not found, try pulling it first'],
    [{ model: 'BERT' }, 404, 'model "BERT" not found, try pulling it first'],
    [
      { model: 'smollm2:135m', prompt: 'a' },
      500,
      'This server does not support embeddings. Start it with `--embeddings`',
    ],
    [{ model: 'bert', prompt: 'word '.repeat(300) }, 500, 'the input length exceeds the context length'],
  ])('%j is answered with %d', async (body, status, error) => {
    expect(await send('/api/embeddings', body)).toMatchObject({ status, body: { error } });
  });

  test('no prompt loads the model', async () => {
    expect((await send('/api/embeddings', { model: 'bert' })).text).toBe('{"embedding":[]}');
  });

  test('vectors have length 1, but not those of models that never had', async () => {
    const of = async (model: string) =>
      (await send('/api/embeddings', { model, prompt: 'a b c' })).body.embedding;
    expect(length(await of('bert'))).toBeCloseTo(1, 6);
    expect(length(await of('nomic'))).toBeGreaterThan(2);
    const { body } = await send('/api/embed', { model: 'nomic', input: 'a b c' });
    expect(length(body.embeddings[0])).toBeCloseTo(1, 6);
  });
});

describe('/v1/embeddings', () => {
  test.each(['v1-embeddings', 'v1-embeddings-base64'])(
    '%s: the same fields, counts and vectors',
    async name => {
      const { path, body, answer } = recorded(name);
      const { status, body: ours } = await send(path, body);
      expect(status).toBe(200);
      expect(Object.keys(ours)).toEqual(Object.keys(answer));
      expect(ours).toMatchObject({ object: 'list', model: 'bert', usage: answer.usage });
      expect(ours.data).toHaveLength(answer.data.length);
      for (const [i, { embedding, ...rest }] of answer.data.entries()) {
        expect(Object.keys(ours.data[i])).toEqual(['object', 'embedding', 'index']);
        expect(ours.data[i]).toMatchObject(rest);
        const [expected, vector] = [embedding, ours.data[i].embedding].map(floatsOf);
        expected.forEach((value, k) => {
          expect(Math.abs(vector[k] - value)).toBeLessThan(2e-3);
        });
      }
    },
  );

  /** Floats, or the bytes of floats in base64; what a recording says of those that it leaves out is left out. */
  function floatsOf(embedding: string | (number | string)[]): number[] {
    if (typeof embedding !== 'string') return embedding.filter(value => typeof value === 'number');
    const bytes = Buffer.from(embedding, 'base64');
    return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
  }

  test.each<[object, number, string]>([
    [{ input: [] }, 400, 'invalid input'],
    [{}, 400, 'invalid input'],
    [{ input: null }, 400, 'invalid input'],
    [{ input: 1 }, 400, 'invalid input type'],
    [{ input: [[1]] }, 400, 'invalid input type'],
    [
      { input: 'a', encoding_format: 'hex' },
      400,
      "Invalid value for 'encoding_format' = hex. Supported values: ['float', 'base64'].",
    ],
    [{ input: 'a', model: 'x' }, 404, 'model "x" not found, try pulling it first'],
    [{ input: 'a', model: undefined }, 404, "model '' not found"],
  ])('%j is refused with %d: %s', async (more, status, message) => {
    const answer = await send('/v1/embeddings', { model: 'bert', ...more });
    expect([answer.status, answer.body.error.message]).toEqual([status, message]);
  });

  test('an empty text is a text, and the format has no case', async () => {
    const { body } = await send('/v1/embeddings', { model: 'bert', input: '', encoding_format: 'BASE64' });
    expect(body.data).toMatchObject([{ embedding: expect.any(String) }]);
  });
});
