/**
 * Exchanges with a registry that were recorded from a real Ollama, replayed against the server over the real store and a registry
 * that has the very same model. Digests are the recorded ones, since all bytes are.
 */
import 'fake-indexeddb/auto';
import { readFileSync } from 'node:fs';
import { createServer } from '@tabllama/server';
import { createStore } from '@tabllama/store';
import { expect, test } from 'vitest';
import { startRegistry } from '../../store/test/registry-server.ts';

const fixtures = new URL('../../../fixtures/', import.meta.url);
const weights = new Uint8Array(readFileSync(new URL('models/stories260K-f32.gguf', fixtures)));
const config =
  '{"model_format":"gguf","model_family":"llama","model_families":["llama"],"model_type":"260K","file_type":"F32",' +
  '"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}';
const recordedHost = '127.0.0.1:36931';

interface Exchange {
  readonly request: { readonly method: string; readonly path: string; readonly body?: object };
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly chunks: readonly { readonly text: string }[];
  };
}
const recorded = (name: string): Exchange =>
  JSON.parse(readFileSync(new URL(`ollama-transcripts/${name}.json`, fixtures), 'utf8'));
const textOf = ({ response }: Exchange) => response.chunks.map(({ text }) => text).join('');
const linesOf = (text: string) =>
  text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>);

let count = 0;
async function setup() {
  const registry = await startRegistry();
  const store = createStore({ base: 'http://localhost/', database: `transcripts-${process.pid}-${count++}` });
  const server = createServer({ engines: [], store });
  const [model, template, described] = [
    registry.layer('model', weights),
    registry.layer('template', '{{ .Prompt }}'),
    registry.layer('config', config),
  ];
  // written as the recorded registry wrote it, on which the digest of the model depends
  const manifest = {
    layers: [model, template],
    config: described,
    mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
    schemaVersion: 2,
  };
  registry.manifests.set('library/tiny:latest', `${JSON.stringify(manifest, undefined, 3)}\n`);
  const replay = ({ request: { method, path, body } }: Exchange) =>
    server.fetch(
      new Request(`http://localhost:11434${path}`, {
        method,
        body: body && JSON.stringify(body).replaceAll(recordedHost, registry.host),
      }),
    );
  return { registry, store, server, replay, [Symbol.asyncDispose]: registry[Symbol.asyncDispose] };
}

/** The recorded text, with the host of this registry and without the recorded models folder. */
const expected = (exchange: Exchange, host: string) =>
  textOf(exchange).replaceAll(recordedHost, host).replaceAll('<models>/', '');

const sameHead = (response: Response, { response: { status, headers } }: Exchange) =>
  expect([response.status, response.headers.get('content-type')]).toEqual([status, headers['content-type']]);

test.each(['pull-missing', 'pull-missing-no-stream', 'pull-no-stream', 'push-missing'])(
  '%s: the same answer',
  async name => {
    await using at = await setup();
    const exchange = recorded(name);
    const response = await at.replay(exchange);
    sameHead(response, exchange);
    expect(await response.text()).toBe(expected(exchange, at.registry.host));
  },
);

test('pull-stream and pull-again: the same lines but for how often progress is told', async () => {
  await using at = await setup();
  const exchange = recorded('pull-stream');
  at.registry.behaviour.file.slowMs = 20;
  const response = await at.replay(exchange);
  sameHead(response, exchange);
  const [ours, theirs] = [linesOf(await response.text()), linesOf(textOf(exchange))];
  const shape = (line: Record<string, unknown>) => ({ ...line, completed: 0 });
  const shapes = new Set(ours.map(line => JSON.stringify(shape(line))));
  for (const line of theirs) expect(shapes).toContain(JSON.stringify(shape(line)));
  expect(ours.filter(({ digest }) => digest).map(({ digest }) => digest)).toEqual(
    ours
      .filter(({ digest }) => digest)
      .map(({ digest }) => digest)
      .toSorted((a, b) => order(theirs, a) - order(theirs, b)),
  );
  expect(ours.slice(-3)).toEqual(theirs.slice(-3));

  const again = await at.replay(recorded('pull-again'));
  expect(await again.text()).toBe(textOf(recorded('pull-again')));
});

/** Where a blob comes in the recorded lines; behind all others where it has none. */
function order(lines: readonly Record<string, unknown>[], digest: unknown): number {
  const at = lines.findIndex(line => line.digest === digest);
  return at < 0 ? lines.length : at;
}

test('tags-pulled: what was pulled has the size and the digest that Ollama tells', async () => {
  await using at = await setup();
  await (await at.replay(recorded('pull-no-stream'))).text();
  const response = await at.server.fetch(new Request('http://x/api/tags'));
  const [ours] = ((await response.json()) as { models: Record<string, unknown>[] }).models;
  const { models } = JSON.parse(expected(recorded('tags-pulled'), at.registry.host)) as typeof ours & {
    models: (typeof ours)[];
  };
  const { modified_at: _, ...theirs } = models.find(
    ({ name }) => name === `${at.registry.host}/library/tiny:latest`,
  )!;
  expect(ours).toMatchObject(theirs);
  expect(Object.keys(ours)).toEqual(Object.keys(models[0]));
});

test('push-stream: the same lines, and the same requests but for the sum of parts', async () => {
  await using at = await setup();
  await (await at.replay(recorded('pull-no-stream'))).text();
  const copy = { source: `${at.registry.host}/library/tiny`, destination: `${at.registry.host}/me/pushed` };
  await at.server.fetch(new Request('http://x/api/copy', { method: 'POST', body: JSON.stringify(copy) }));
  at.registry.blobs.clear();
  at.registry.log.length = 0;
  const exchange = recorded('push-stream');
  const response = await at.replay(exchange);
  sameHead(response, exchange);
  const ours = linesOf(await response.text()).filter(({ total, completed }) => total === completed);
  expect(ours).toEqual(linesOf(textOf(exchange)));

  const log: { method: string; path: string }[] = JSON.parse(
    readFileSync(new URL('ollama-transcripts/registry-log.json', fixtures), 'utf8'),
  );
  const requests = (all: readonly string[]) =>
    all.map(line => line.replace(/[?&](etag|state)=[^&]*/g, '').replace('&digest', '?digest'));
  const theirs = log
    .map(({ method, path }) => `${method} ${path}`)
    .filter(line => line.includes('/me/pushed/'));
  expect(requests(at.registry.log.map(({ line }) => line))).toEqual(requests(theirs));
});
