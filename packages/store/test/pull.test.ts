import 'fake-indexeddb/auto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Progress } from '@tabllama/api';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { BlobWriter } from '../src/blob-writer.ts';
import { openDatabase } from '../src/database.ts';
import { download } from '../src/download.ts';
import { createStore } from '../src/index.ts';
import { withLock } from '../src/lock.ts';
import { startServer } from './faulty-server.ts';
import { bigModel, collect, freshName, keysOf, name, readAll, sha256, tiny, words } from './helpers.ts';

const big = bigModel(1);
const other = bigModel(2);
const hour = (hours: number) => new Date(Date.now() - hours * 3_600_000).toUTCString();

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

async function setup(initial: Partial<Parameters<typeof startServer>[0]> = {}, fragment = '') {
  const server = await startServer({ file: big, ...initial });
  const database = freshName();
  const store = createStore({
    models: { 'tiny:1': server.url + fragment },
    base: server.url,
    database,
    retryMs: 1,
  });
  const pull = (signal?: AbortSignal) => collect(store.pull(name('tiny:1'), {}, signal));
  /** Pulls until more than half of it is there, then aborts. */
  const interrupt = async () => {
    const controller = new AbortController();
    server.behaviour.hangAfter = 7_000_000;
    const lines = store.pull(name('tiny:1'), {}, controller.signal);
    await expect(
      (async () => {
        for await (const { completed } of lines) if ((completed ?? 0) >= 5_000_000) controller.abort();
      })(),
    ).rejects.toThrow('aborted');
    server.behaviour.hangAfter = undefined;
  };
  const bytes = async () => readAll((await store.open((await store.find(name('tiny:1')))!)).weights);
  return {
    server,
    database,
    store,
    pull,
    interrupt,
    bytes,
    [Symbol.asyncDispose]: server[Symbol.asyncDispose],
  };
}

describe('a pull that meets no obstacle', () => {
  test('installs the model, in the words of Ollama', async () => {
    await using at = await setup({ file: tiny });
    const progress = ({ status }: Progress) => status === 'pulling model.gguf';
    const lines = (await at.pull()).filter(line => !progress(line));
    const digest = sha256(tiny);
    expect(lines).toEqual([
      { status: 'pulling manifest' },
      { status: `pulling ${digest.slice(7, 19)}`, digest, total: tiny.length, completed: tiny.length },
      { status: 'verifying sha256 digest' },
      { status: 'writing manifest' },
      { status: 'success' },
    ]);
    const [model] = await at.store.list();
    expect(model).toMatchObject({
      name: name('tiny:1'),
      config: { model_format: 'gguf', model_family: 'llama', model_type: '260K', file_type: 'Q8_0' },
      parameters: {},
      messages: [],
      licenses: [],
      model: { mediaType: 'application/vnd.ollama.image.model', digest, size: tiny.length },
    });
    expect(model.size).toBe(tiny.length + model.manifest.config.size);
    expect(await at.bytes()).toEqual(tiny);
    expect(await keysOf(at.database)).toEqual({ blob: 2, chunk: 2, manifest: 1 });
  });

  test('tells how far it is, at most ten times a second', async () => {
    await using at = await setup({ slowMs: 5 });
    const waits = vi.spyOn(globalThis, 'setTimeout');
    const lines = await at.pull();
    const tenths = waits.mock.calls.filter(([, ms]) => ms === 100).length;
    const steps = lines.filter(({ status }) => status === 'pulling model.gguf');
    expect(steps.length).toBeGreaterThan(3);
    expect(steps.length).toBeLessThanOrEqual(tenths + 1);
    const completed = steps.map(step => step.completed ?? 0);
    expect(completed).toEqual(completed.toSorted((a, b) => a - b));
    expect(steps.every(step => step.total === big.length && step.completed !== 0)).toBe(true);
    expect(sha256(await at.bytes())).toBe(sha256(big));
  });

  test('of a URL names the model after its file', async () => {
    await using server = await startServer({ file: tiny });
    const store = createStore({ base: server.url, database: freshName() });
    const url = new URL('/a/b/..%20Smol%20LM2-135M.Q4_0.GGUF?download=true', server.url);
    expect(words(await collect(store.pull(url))).at(-1)).toBe('success');
    expect((await store.list())[0].name).toEqual(name('smol-lm2-135m.q4_0:latest'));
    await expect(collect(store.pull(new URL('file:///etc/passwd')))).rejects.toMatchObject({ status: 400 });
  });

  test('follows a redirect', async () => {
    await using at = await setup({ file: tiny });
    at.server.behaviour.redirect = new URL('/elsewhere/x', at.server.url).href;
    await at.pull();
    expect(await at.bytes()).toEqual(tiny);
  });

  test('of an unchanged file fetches nothing', async () => {
    await using at = await setup();
    await at.pull();
    const before = await at.store.find(name('tiny:1'));
    const sent = at.server.requests.length;
    at.server.behaviour.hangAfter = 1; // a download would never end
    expect(words(await at.pull())).toEqual([
      'pulling manifest',
      `pulling ${sha256(big).slice(7, 19)}`,
      'verifying sha256 digest',
      'writing manifest',
      'success',
    ]);
    expect(at.server.requests.length).toBe(sent + 1);
    expect((await at.store.find(name('tiny:1')))!.digest).toBe(before!.digest);
  });

  test('of a changed file installs the new one and drops the old', async () => {
    await using at = await setup();
    await at.pull();
    Object.assign(at.server.behaviour, { file: other, etag: '"v2"' });
    expect(words(await at.pull())).toContain('removing unused layers');
    expect(sha256(await at.bytes())).toBe(sha256(other));
    expect(await at.store.hasBlob(sha256(big))).toBe(false);
    expect(await keysOf(at.database)).toEqual({ blob: 2, chunk: 4, manifest: 1 });
  });

  test('takes a compressed body', async () => {
    await using at = await setup({ gzip: true });
    const lines = await at.pull();
    expect(lines.every(({ status, total }) => status !== 'pulling model.gguf' || total === undefined)).toBe(
      true,
    );
    expect(sha256(await at.bytes())).toBe(sha256(big));
  });

  test('takes a body without a length', async () => {
    await using at = await setup({ ranges: false, noLength: true });
    await at.pull();
    expect(sha256(await at.bytes())).toBe(sha256(big));
  });
});

describe('an interrupted pull goes on', () => {
  test('where it was, if the ETag is the same', async () => {
    await using at = await setup();
    await at.interrupt();
    expect(await at.store.list()).toEqual([]);
    const { chunk, blob } = await keysOf(at.database);
    expect([chunk > 1, blob]).toEqual([true, undefined]);
    const lines = await at.pull();
    const offset = Number(/\d+/.exec(at.server.requests.at(-1)!.range!)![0]);
    expect(offset).toBeGreaterThanOrEqual(5_000_000);
    expect(offset % (4 << 20)).not.toBe(0); // the last bytes count too
    expect(lines.find(({ total }) => total)!.completed).toBeGreaterThanOrEqual(offset);
    expect(sha256(await at.bytes())).toBe(sha256(big));
  });

  test('in another session, as nothing is remembered but in the database', async () => {
    await using at = await setup();
    await at.interrupt();
    const again = createStore({
      models: { x: at.server.url },
      base: at.server.url,
      database: at.database,
    });
    await collect(again.pull(name('x')));
    expect(at.server.requests.at(-1)!.range).toMatch(/^bytes=[5-9]\d{6}-$/);
    expect(sha256(await readAll(await again.blob(sha256(big))))).toBe(sha256(big));
  });

  test('where it was, if the date of change is the same and lies back', async () => {
    await using at = await setup({ etag: undefined, lastModified: hour(5) });
    await at.interrupt();
    await at.pull();
    expect(at.server.requests.map(({ range }) => range === 'bytes=0-')).toEqual([true, false]);
    expect(sha256(await at.bytes())).toBe(sha256(big));
  });

  test.each<[string, object, object]>([
    ['the ETag is another', {}, { etag: '"v2"' }],
    ['the date of change is another', { etag: undefined, lastModified: hour(5) }, { lastModified: hour(4) }],
    ['the ETag is weak', { etag: 'W/"v1"' }, {}],
    [
      'the date of change is a second ago',
      {
        etag: undefined,
        get lastModified() {
          return hour(0);
        },
      },
      {},
    ],
    ['there is neither ETag nor date', { etag: undefined }, {}],
    ['the server ignores ranges', { ranges: false }, { etag: '"v2"' }],
    ['the server sends another range than asked', {}, { ranges: 7 }],
    ['the size is another', {}, { file: other.slice(0, -1000) }],
    ['the file is shorter than what is there', {}, { file: tiny }],
  ])('from the start, if %s', async (_, first, then) => {
    await using at = await setup(first);
    await at.interrupt();
    const { behaviour } = at.server;
    Object.assign(behaviour, { file: other }, then);
    if (behaviour.ranges === 7) {
      // only answers to ranges beyond the start are wrong
      await expect(at.pull()).rejects.toThrow('answered with bytes from 7');
      behaviour.ranges = true;
      behaviour.etag = '"v3"';
    }
    await at.pull();
    expect(sha256(await at.bytes())).toBe(sha256(behaviour.file));
    expect((await keysOf(at.database)).partial).toBe(undefined);
  });

  test('by itself when the connection breaks', async () => {
    await using at = await setup({ cuts: [3_000_000, 5_000_000] });
    const lines = await at.pull();
    expect(at.server.requests.length).toBe(3);
    expect(at.server.requests.slice(1).every(({ range }) => range !== 'bytes=0-')).toBe(true);
    expect(lines.at(-1)!.status).toBe('success');
    expect(sha256(await at.bytes())).toBe(sha256(big));
  });

  test('with the new file when it changed while the connection was broken', async () => {
    await using at = await setup({ cuts: [6_000_000] });
    const done = at.pull();
    while (at.server.behaviour.cuts.length) await new Promise(resolve => setTimeout(resolve, 5));
    Object.assign(at.server.behaviour, { file: other, etag: '"v2"' });
    await done;
    expect(sha256(await at.bytes())).toBe(sha256(other));
  });
});

describe('a pull that stops at its end keeps all of it', () => {
  const stops: [string, (controller: AbortController) => void][] = [
    [
      'by an abort while it is verified',
      controller => {
        const finish = BlobWriter.prototype.finish;
        vi.spyOn(BlobWriter.prototype, 'finish').mockImplementation(async function (this: BlobWriter) {
          const finished = await finish.call(this);
          controller.abort();
          return finished;
        });
      },
    ],
    [
      'as the disk is full',
      () => {
        const put = IDBObjectStore.prototype.put;
        vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (
          this: IDBObjectStore,
          value,
          key,
        ) {
          if ((key as string[])[0] === 'blob') throw new DOMException('full', 'QuotaExceededError');
          return put.call(this, value, key);
        });
      },
    ],
  ];

  async function stopped(stop: (typeof stops)[number][1], digest?: string) {
    const server = await startServer({ file: big });
    const database = freshName();
    const controller = new AbortController();
    const source = { url: server.url, fetch, kind: 'gguf', digest } as const;
    const options = { database: openDatabase(database), attempts: 1, retryMs: 1, stallMs: 60_000 };
    const fetchAll = (signal: AbortSignal) => download(source, options, () => {}, signal);
    stop(controller);
    await expect(fetchAll(controller.signal)).rejects.toThrow(/aborted|not enough storage/);
    expect(await keysOf(database)).toEqual({ chunk: 3, partial: 1 });
    vi.restoreAllMocks();
    return {
      server,
      database,
      again: () => fetchAll(new AbortController().signal),
      [Symbol.asyncDispose]: server[Symbol.asyncDispose],
    };
  }

  test.each(stops)('%s, and goes on without the bytes if the file is the same', async (_, stop) => {
    await using at = await stopped(stop);
    at.server.behaviour.hangAfter = 1;
    expect((await at.again()).digest).toBe(sha256(big));
    expect(await keysOf(at.database)).toEqual({ chunk: 3, blob: 1 });
  });

  test.each(stops)('%s, and goes on without a request if its digest is known', async (_, stop) => {
    await using at = await stopped(stop, sha256(big));
    expect((await at.again()).digest).toBe(sha256(big));
    expect(at.server.requests.length).toBe(1);
  });

  test('and begins anew if the file is another', async () => {
    await using at = await stopped(stops[1][1]);
    Object.assign(at.server.behaviour, { file: other, etag: '"v2"' });
    expect((await at.again()).digest).toBe(sha256(other));
    expect(await keysOf(at.database)).toEqual({ chunk: 3, blob: 1 });
  });
});

test('a page that was closed loses no more than the chunk it was receiving', async () => {
  await using server = await startServer({ file: big, hangAfter: 9_000_000 });
  const options = { database: openDatabase(freshName()), attempts: 1, retryMs: 1, stallMs: 60_000 };
  const source = { url: server.url, fetch, kind: 'gguf' } as const;
  const closed = new AbortController();
  let received = 0;
  const first = download(
    source,
    options,
    ({ completed }) => {
      received = completed;
    },
    closed.signal,
  );
  while (received < 8_900_000) await new Promise(resolve => setTimeout(resolve, 5));
  server.behaviour.hangAfter = undefined;
  const { digest } = await download(source, options, () => {}, new AbortController().signal);
  expect(server.requests.at(-1)!.range).toBe(`bytes=${8 << 20}-`);
  expect(digest).toBe(sha256(big));
  closed.abort();
  await expect(first).rejects.toThrow('aborted');
});

describe('several pulls of one file', () => {
  test('share one download, and each is told how far it is', async () => {
    await using at = await setup({ slowMs: 5 });
    const all = await Promise.all([at.pull(), at.pull(), collect(at.store.pull(new URL(at.server.url)))]);
    expect(at.server.requests.length).toBe(1);
    for (const lines of all) {
      expect(lines.filter(({ status }) => status === 'pulling model.gguf').length).toBeGreaterThan(2);
      expect(lines.at(-1)!.status).toBe('success');
    }
    expect((await at.store.list()).length).toBe(2);
  });

  test('go on when one is aborted, and stop with the last', async () => {
    await using at = await setup({ hangAfter: 7_000_000 });
    const [a, b] = [new AbortController(), new AbortController()];
    const first = at.pull(a.signal);
    const second = at.pull(b.signal);
    const lines: Progress[] = [];
    const third = (async () => {
      for await (const line of at.store.pull(name('tiny:1'))) {
        lines.push(line);
        if ((line.completed ?? 0) > 1_000_000) a.abort('a');
        if ((line.completed ?? 0) > 2_000_000) b.abort(new Error('b'));
        if ((line.completed ?? 0) > 6_000_000) break; // as a client that cancels the body
      }
    })();
    await expect(first).rejects.toBe('a');
    await expect(second).rejects.toThrow('b');
    await third;
    expect(at.server.requests.length).toBe(1);
    expect((await keysOf(at.database)).partial).toBe(1);
    at.server.behaviour.hangAfter = undefined;
    await at.pull();
    expect(at.server.requests.at(-1)!.range).toMatch(/^bytes=[6-9]\d{6}-$/);
    expect(sha256(await at.bytes())).toBe(sha256(big));
  });

  test('are one download in two tabs too, and the second tab sees how far the first is', async () => {
    await using at = await setup({ slowMs: 16 });
    const { url } = at.server;
    const otherTab = createStore({ models: { x: url }, base: url, database: at.database });
    const [, lines] = await Promise.all([at.pull(), collect(otherTab.pull(name('x')))]);
    const steps = lines.filter(({ status }) => status === 'pulling model.gguf');
    // it looks four times a second at the whole chunks that are stored, and on a busy machine may miss one of them
    const seen = new Set(steps.map(({ completed }) => completed));
    expect([[4 << 20], [8 << 20], [4 << 20, 8 << 20]]).toContainEqual([...seen]);
    expect(lines.at(-1)!.status).toBe('success');
    expect(at.server.requests.length).toBe(2); // the second asked whether the file is still the same
    expect(await keysOf(at.database)).toEqual({ blob: 2, chunk: 4, manifest: 2 });
  });

  test('wait for another tab though what it has stored cannot be read', async () => {
    await using at = await setup({ file: tiny });
    const lost: unknown[] = [];
    const note = (reason: unknown) => lost.push(reason);
    process.on('unhandledRejection', note);
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const get = vi.spyOn(IDBObjectStore.prototype, 'get').mockImplementation(() => {
      throw new DOMException('no', 'UnknownError');
    });
    const otherTab = Promise.withResolvers<void>();
    const { signal } = new AbortController();
    const held = withLock(`${at.database} pull ${at.server.url}`, signal, () => otherTab.promise);
    const done = at.pull();
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1));
    vi.advanceTimersByTime(250);
    await vi.waitFor(() => expect(get).toHaveBeenCalled());
    await new Promise(resolve => setTimeout(resolve));
    get.mockRestore();
    otherTab.resolve();
    await Promise.all([held, done]);
    process.off('unhandledRejection', note);
    expect(lost).toEqual([]);
  });

  test('fail together, and the next one starts anew', async () => {
    await using at = await setup({ status: 404 });
    const results = await Promise.allSettled([at.pull(), at.pull()]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    at.server.behaviour.status = undefined;
    expect(words(await at.pull()).at(-1)).toBe('success');
  });
});

describe('a pull is refused', () => {
  const nothingLeft = async (at: Awaited<ReturnType<typeof setup>>) => {
    expect(await at.store.list()).toEqual([]);
    expect(await keysOf(at.database)).toEqual({});
  };

  test.each<[string, object, string | RegExp]>([
    ['the file is not there', { status: 404 }, 'pull model manifest: file does not exist'],
    ['the server forbids it', { status: 403 }, /answered 403 Forbidden$/],
    ['the server fails', { status: 500 }, /answered 500 Internal Server Error$/],
    ['it is a page', { html: true }, /not a GGUF file: it begins with "<!do"/],
    ['it is empty', { file: new Uint8Array() }, /./],
    ['it is three bytes', { file: tiny.slice(0, 3) }, /not a GGUF file/],
    ['its tensors are cut off', { file: tiny.slice(0, -100_000) }, /reach beyond the file's 244320/],
    [
      'its body ends early without a length',
      { ranges: false, noLength: true, cuts: [300_000], file: tiny },
      /reach beyond/,
    ],
    [
      'its header is hostile',
      { file: Uint8Array.from(tiny, (byte, i) => (i === 10 ? 0xff : byte)) },
      /tensor count/,
    ],
    ['it is redirected in a circle', { redirect: '/model.gguf' }, /cannot reach http/],
  ])('when %s', async (_, behaviour, message) => {
    await using at = await setup(behaviour);
    await expect(at.pull()).rejects.toMatchObject({ status: 500, message: expect.stringMatching(message) });
    await nothingLeft(at);
  });

  test('for a name that the page does not offer', async () => {
    await using at = await setup();
    await expect(collect(at.store.pull(name('nope')))).rejects.toMatchObject({
      status: 500,
      message: 'pull model manifest: file does not exist',
    });
    expect(at.server.requests).toEqual([]);
  });

  test('when the digest is not the one in the table', async () => {
    await using at = await setup({}, `#sha256=${'ab'.repeat(32)}`);
    await expect(at.pull()).rejects.toThrow(
      `digest mismatch, file must be downloaded again: want sha256:${'ab'.repeat(32)}, got ${sha256(big)}`,
    );
    await nothingLeft(at);
  });

  test('when the server sends more or less than it said', async () => {
    // behind node's HTTP parser a lie about the length is an error; a service worker can still tell one
    const lie =
      (length: number): typeof fetch =>
      async () =>
        new Response(new Blob([tiny]), { headers: { 'content-length': String(length), etag: '"x"' } });
    const options = { database: openDatabase(freshName()), attempts: 2, retryMs: 1, stallMs: 1000 };
    const attempt = (length: number) =>
      download(
        { url: 'http://x/y', fetch: lie(length), kind: 'gguf' },
        options,
        () => {},
        new AbortController().signal,
      );
    await expect(attempt(tiny.length - 1)).rejects.toThrow(/more than the 344319 bytes/);
    await expect(attempt(tiny.length + 1)).rejects.toThrow(/max retries exceeded: .* 344320 of 344321 bytes/);
  });

  test('when the server falls silent again and again, and what came is kept', async () => {
    await using server = await startServer({ file: big, hangAfter: 500_000 });
    const database = freshName();
    const options = { database: openDatabase(database), attempts: 2, retryMs: 1, stallMs: 1500 };
    const fallSilent = () => {
      server.behaviour.hangAfter = 0;
    };
    const stalled = download(
      { url: server.url, fetch, kind: 'gguf' },
      options,
      fallSilent,
      new AbortController().signal,
    );
    await expect(stalled).rejects.toThrow('max retries exceeded: the server sent nothing for 1.5 s');
    expect(await keysOf(database)).toEqual({ chunk: 1, partial: 1 });
  });

  test('without a network, unless the model is here', async () => {
    const probe = createServer();
    await new Promise<void>(resolve => probe.listen(0, resolve));
    const { port } = probe.address() as AddressInfo;
    await new Promise(resolve => probe.close(resolve));
    await using at = await setup({ file: tiny });
    const database = at.database;
    const gone = createStore({
      models: { 'tiny:1': `http://127.0.0.1:${port}/x.gguf` },
      base: 'http://x/',
      database,
    });
    await expect(collect(gone.pull(name('tiny:1')))).rejects.toMatchObject({
      status: 500,
      message: expect.stringContaining(`cannot reach http://127.0.0.1:${port}/x.gguf`),
    });
    await at.pull();
    expect(words(await collect(gone.pull(name('tiny:1'))))).toEqual(['pulling manifest', 'success']);
  });
});

describe('a digest in the table', () => {
  test('is told from the first line on, and saves every request once the blob is here', async () => {
    const digest = sha256(big);
    await using at = await setup({ slowMs: 3 }, `#sha256=${digest.slice(7).toUpperCase()}`);
    const lines = await at.pull();
    const steps = lines.filter(({ total }) => total);
    expect(steps.length).toBeGreaterThan(2);
    expect(
      steps.every(step => step.digest === digest && step.status === `pulling ${digest.slice(7, 19)}`),
    ).toBe(true);
    await at.store.delete(name('tiny:1'));
    await at.store.putBlob(big);
    at.server.behaviour.status = 404;
    expect(words(await at.pull()).at(-1)).toBe('success');
    expect(at.server.requests.length).toBe(1);
  });
});

test('a table with an entry that is no name or no URL is refused at once', () => {
  expect(() => createStore({ models: { 'a//b': '/x' }, base: 'http://x/' })).toThrow('"a//b"');
  expect(() => createStore({ models: { a: 'data:,x' }, base: 'http://x/' })).toThrow('"data:,x"');
  const extension = 'chrome-extension://x/page.html';
  expect(() => createStore({ models: { a: '/a.gguf' }, base: extension })).not.toThrow();
  expect(() => createStore({ models: { a: extension }, base: 'http://x/' })).toThrow(`"${extension}"`);
});
