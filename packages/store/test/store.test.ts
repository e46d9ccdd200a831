import 'fake-indexeddb/auto';
import { type Layer, type Manifest, StatusError, type Store } from '@tabllama/api';
import { del } from 'idb-keyval';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { openDatabase } from '../src/database.ts';
import { createStore } from '../src/index.ts';
import { startServer } from './faulty-server.ts';
import { bigModel, collect, freshName, keysOf, name, readAll, sha256, tiny } from './helpers.ts';

const setup = () => {
  const database = freshName();
  return { database, store: createStore({ base: 'http://localhost/', database }) };
};
const streamOf = (...pieces: Uint8Array[]) => new Blob(pieces as BlobPart[]).stream();
const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

async function layer(store: Store, type: string, bytes: Uint8Array): Promise<Layer> {
  const { digest, size } = await store.putBlob(bytes);
  return { mediaType: `application/vnd.ollama.image.${type}`, digest, size };
}

async function manifest(store: Store, layers: readonly Layer[], config: object = {}): Promise<Manifest> {
  const { digest, size } = await store.putBlob(json({ model_format: 'gguf', ...config }));
  return {
    schemaVersion: 2,
    mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
    config: { mediaType: 'application/vnd.docker.container.image.v1+json', digest, size },
    layers,
  };
}

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe('a blob', () => {
  const big = bigModel(3, 9_000_001);

  test('lies under its sha256, and is read by ranges over its chunks', async () => {
    const { store, database } = setup();
    const stored = { digest: sha256(big), size: big.length };
    expect(await store.putBlob(streamOf(big))).toEqual({ ...stored, isNew: true });
    expect(await store.putBlob(streamOf(big))).toEqual({ ...stored, isNew: false });
    expect(await keysOf(database)).toEqual({ blob: 1, chunk: 3 });
    const source = (await store.blob(sha256(big)))!;
    const chunk = 4 << 20;
    for (const [offset, length] of [
      [0, 0],
      [0, 1],
      [chunk - 1, 2],
      [chunk, chunk],
      [chunk - 5, chunk + 10],
      [big.length - 1, 1],
      [0, big.length],
    ]) {
      const bytes = await source.read(offset, length);
      expect(Buffer.compare(bytes, big.subarray(offset, offset + length))).toBe(0);
    }
    await expect(source.read(big.length, 1)).rejects.toThrow(RangeError);
    await expect(source.read(-1, 1)).rejects.toThrow(RangeError);
    await expect(source.read(0, big.length, AbortSignal.abort('enough'))).rejects.toBe('enough');
  });

  test('is read into memory that is given for a whole chunk, however its stream behaves', async () => {
    const { store } = setup();
    const { digest } = await store.putBlob(big);
    const source = (await store.blob(digest))!;
    const chunk = 4 << 20;
    const first = big.subarray(0, chunk);
    const taken = new ArrayBuffer(chunk);
    expect(Buffer.compare(await source.read(0, chunk, undefined, taken), first)).toBe(0);
    expect(taken.byteLength).toBe(0);
    const tooLong = new ArrayBuffer(chunk + 1);
    expect(Buffer.compare(await source.read(0, chunk, undefined, tooLong), first)).toBe(0);
    for (const stream of [
      new ReadableStream(), // which fills no memory
      new ReadableStream({ type: 'bytes' }), // which never ends
      new ReadableStream({ type: 'bytes', start: controller => controller.close() }),
    ]) {
      const streaming = vi.spyOn(Blob.prototype, 'stream').mockReturnValue(stream);
      const bytes = await source.read(0, chunk, undefined, new ArrayBuffer(chunk));
      expect(Buffer.compare(bytes, first)).toBe(0);
      expect(streaming).toHaveBeenCalledOnce();
      streaming.mockRestore();
    }
  });

  test.each([0, 1, 4 << 20, (4 << 20) + 1])('may have %i bytes', async size => {
    const { store } = setup();
    const bytes = new Uint8Array(size).fill(7);
    const { digest } = await store.putBlob(bytes);
    expect(digest).toBe(sha256(bytes));
    expect(Buffer.compare(await readAll(await store.blob(digest)), bytes)).toBe(0);
  });

  test('is found by its digest with a colon or a dash, and nothing else is a digest', async () => {
    const { store } = setup();
    const { digest } = await store.putBlob(tiny);
    expect(await store.hasBlob(digest.replace(':', '-'))).toBe(true);
    expect(await store.hasBlob(digest.toUpperCase().replace('SHA256:', 'sha256:'))).toBe(false);
    expect(await store.hasBlob(`sha256:${'0'.repeat(64)}`)).toBe(false);
    expect(await store.blob(`sha256:${'0'.repeat(64)}`)).toBe(undefined);
    for (const text of [
      '',
      'sha256:',
      `${digest}0`,
      digest.slice(0, -1),
      digest.toUpperCase(),
      `md5:${'0'.repeat(64)}`,
      '../../x',
    ]) {
      await expect(store.hasBlob(text)).rejects.toMatchObject({
        status: 400,
        message: 'invalid digest format',
      });
    }
  });

  test('put twice, or by two at once, is there once', async () => {
    const { store, database } = setup();
    await store.putBlob(tiny);
    await Promise.all([store.putBlob(streamOf(tiny)), store.putBlob(tiny)]);
    expect(await keysOf(database)).toEqual({ blob: 1, chunk: 1 });
  });

  test('whose stream fails or is aborted leaves nothing', async () => {
    const { store, database } = setup();
    /** `then` is called when the bytes are read. */
    const broken = (then: (stream: ReadableStreamDefaultController) => void) => {
      let isRead = false;
      return new ReadableStream<Uint8Array>({
        pull(stream) {
          if (isRead) return then(stream);
          stream.enqueue(big);
          isRead = true;
        },
      });
    };
    await expect(store.putBlob(broken(stream => stream.error(new Error('lost'))))).rejects.toThrow('lost');
    const controller = new AbortController();
    const waiting = store.putBlob(
      broken(() => controller.abort('no more')),
      controller.signal,
    );
    await expect(waiting).rejects.toBe('no more');
    expect(await keysOf(database)).toEqual({});
  });
});

describe('a model', () => {
  test('has its small layers read', async () => {
    const { store } = setup();
    const messages = [{ role: 'user', content: 'Q' }];
    const layers = [
      await layer(store, 'model', tiny),
      await layer(store, 'template', new TextEncoder().encode('{{ .Prompt }}')),
      await layer(store, 'system', new TextEncoder().encode('Be brief. ü')),
      await layer(store, 'params', json({ temperature: 0.5, stop: ['END'] })),
      await layer(store, 'messages', json(messages)),
      await layer(store, 'license', new TextEncoder().encode('MIT')),
      await layer(store, 'license', new TextEncoder().encode('Apache')),
    ];
    const written = await manifest(store, layers, { model_family: 'llama' });
    await store.putManifest(name('a'), written);
    const model = (await store.find(name('a')))!;
    expect(model).toMatchObject({
      manifest: written,
      template: '{{ .Prompt }}',
      system: 'Be brief. ü',
      parameters: { temperature: 0.5, stop: ['END'] },
      messages,
      licenses: ['MIT', 'Apache'],
      config: { model_family: 'llama' },
      model: layers[0],
    });
    expect(`sha256:${model.digest}`).toBe(sha256(new TextEncoder().encode(`${JSON.stringify(written)}\n`)));
    const { gguf, weights } = await store.open(model);
    expect(gguf.metadata.get('general.architecture')).toBe('llama');
    expect(weights.size).toBe(tiny.length);
    expect((await store.open(model)).gguf).toBe(gguf);
  });

  test('without weights cannot be opened', async () => {
    const { store } = setup();
    const written = await manifest(store, []);
    await store.putManifest(name('a'), written);
    const model = (await store.find(name('a')))!;
    expect(model.model).toBe(undefined);
    // Go writes null for a list that nothing was put into
    const text = `${JSON.stringify({ ...written, layers: null })}\n`;
    expect(`sha256:${model.digest}`).toBe(sha256(new TextEncoder().encode(text)));
    await expect(store.open(model)).rejects.toMatchObject({ status: 400 });
  });

  test('is listed newest first', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000 });
    const { store } = setup();
    for (const each of ['a', 'b', 'c', 'a']) {
      vi.setSystemTime(Date.now() + 10);
      await store.putManifest(name(each), await manifest(store, [], { each }));
    }
    const list = await store.list();
    expect(list.map(model => model.name.model)).toEqual(['a', 'c', 'b']);
    expect(list.map(model => model.modifiedAt.getTime())).toEqual([1_000_040, 1_000_030, 1_000_020]);
  });

  test('is the same whatever the case of its name, and keeps the spelling it had', async () => {
    const { store } = setup();
    await store.putManifest(name('Llama:8B'), await manifest(store, [], { n: 1 }));
    await store.putManifest(name('llama:8b'), await manifest(store, [], { n: 2 }));
    expect((await store.list()).map(model => model.name)).toEqual([name('Llama:8B')]);
    expect((await store.find(name('LLAMA:8b')))!.config).toMatchObject({ n: 2 });
    expect(await store.find(name('llama'))).toBe(undefined);
    expect(await store.delete(name('lLAMA:8B'))).toBe(true);
    expect(await store.list()).toEqual([]);
    expect(await store.delete(name('llama:8b'))).toBe(false);
  });

  test('that names a blob that is not there, or has another size, is refused, and the one before it stays', async () => {
    const { store } = setup();
    const good = await manifest(store, [await layer(store, 'model', tiny)]);
    await store.putManifest(name('a'), good);
    const bad = (change: object) => ({ ...good, layers: [{ ...good.layers[0], ...change }] });
    const digest = `sha256:${'1'.repeat(64)}`;
    await expect(store.putManifest(name('a'), bad({ digest }))).rejects.toThrow(`blob "${digest}" not found`);
    await expect(store.putManifest(name('a'), bad({ size: 1 }))).rejects.toThrow('344320 bytes, not 1');
    await expect(store.putManifest(name('a'), bad({ digest: '../x' }))).rejects.toMatchObject({
      status: 400,
    });
    expect((await store.find(name('a')))!.manifest).toEqual(good);
  });
});

describe('bytes that nobody needs', () => {
  test('go with the last model that uses them', async () => {
    const { store } = setup();
    const weights = await layer(store, 'model', tiny);
    const system = await layer(store, 'system', new TextEncoder().encode('x'));
    await store.putManifest(name('a'), await manifest(store, [weights, system]));
    await store.putManifest(name('b'), await manifest(store, [weights]));
    await store.delete(name('a'));
    expect([await store.hasBlob(weights.digest), await store.hasBlob(system.digest)]).toEqual([true, false]);
    const reading = (await store.blob(weights.digest))!;
    await store.delete(name('b'));
    expect(await store.hasBlob(weights.digest)).toBe(false);
    await expect(reading.read(0, 4)).rejects.toThrow('deleted while it was read');
    await expect(reading.read(0, tiny.length)).rejects.toThrow('deleted while it was read');
  });

  test('go when a model is overwritten', async () => {
    const { store, database } = setup();
    await store.putManifest(name('a'), await manifest(store, [await layer(store, 'model', tiny)]));
    await store.putManifest(name('a'), await manifest(store, []));
    expect(await keysOf(database)).toEqual({ manifest: 1, blob: 1, chunk: 1 });
  });

  test('stay for an hour if no model has named them yet', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const { store } = setup();
    const { digest } = await store.putBlob(tiny);
    vi.setSystemTime(Date.now() + 3_000_000);
    await store.putManifest(name('a'), await manifest(store, []));
    expect(await store.hasBlob(digest)).toBe(true);
    vi.setSystemTime(Date.now() + 3_000_000);
    await store.putManifest(name('a'), await manifest(store, []));
    expect(await store.hasBlob(digest)).toBe(false);
  });

  test('are not kept because a model is unsound: it is deleted by its name, and is not listed', async () => {
    const { store, database } = setup();
    await store.putManifest(name('good'), await manifest(store, []));
    const bad = await manifest(store, [await layer(store, 'model', tiny)], { n: 1 });
    await store.putManifest(name('bad'), bad);
    await del(['blob', bad.config.digest], openDatabase(database));
    await expect(store.find(name('bad'))).rejects.toThrow(`blob "${bad.config.digest}" not found`);
    expect((await store.list()).map(model => model.name)).toEqual([name('good')]);
    expect(await store.delete(name('bad'))).toBe(true);
    expect(await store.hasBlob(sha256(tiny))).toBe(false);
  });

  test('go when an interrupted pull has waited for a week', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    await using server = await startServer({ file: bigModel(1), hangAfter: 7_000_000 });
    const { store, database } = setup();
    for await (const { completed } of store.pull(new URL(server.url))) if ((completed ?? 0) > 5e6) break;
    expect((await keysOf(database)).partial).toBe(1);
    const day = 86_400_000;
    for (const [days, left] of [
      [6, 1],
      [2, undefined],
    ] as const) {
      vi.setSystemTime(Date.now() + days * day);
      await store.putManifest(name('a'), await manifest(store, []));
      expect((await keysOf(database)).partial).toBe(left);
    }
    expect(await keysOf(database)).toEqual({ manifest: 1, blob: 1, chunk: 1 });
  });
});

describe('what was made of a blob', () => {
  const bytes = Uint8Array.of(1, 2, 3);

  test('is kept beside it, one form of it, and seen by nobody who looks for models or blobs', async () => {
    const { store, database } = setup();
    const weights = await layer(store, 'model', tiny);
    await store.putManifest(name('a'), await manifest(store, [weights]));
    const before = await store.list();
    await store.derived.put(weights.digest, 'form 1', bytes);
    expect(await store.derived.get(weights.digest, 'form 1')).toEqual(bytes);
    expect(await store.derived.get(weights.digest, 'form 2')).toBe(undefined);
    await store.derived.put(weights.digest, 'form 2', bytes);
    expect(await store.derived.get(weights.digest, 'form 1')).toBe(undefined);
    expect(await store.list()).toEqual(before);
    expect(await keysOf(database)).toEqual({ manifest: 1, blob: 2, chunk: 2, derived: 1 });
  });

  test('goes with the last model that uses the blob, and does not come back after it', async () => {
    const { store, database } = setup();
    const weights = await layer(store, 'model', tiny);
    const other = await layer(store, 'model', bigModel(1, 500_000));
    for (const [of, layers] of Object.entries({ a: [weights], b: [weights], c: [other] })) {
      await store.putManifest(name(of), await manifest(store, layers));
    }
    for (const { digest } of [weights, other]) await store.derived.put(digest, 'form', bytes);
    await store.delete(name('a'));
    expect(await store.derived.get(weights.digest, 'form')).toEqual(bytes);
    await store.delete(name('b'));
    await store.derived.put(weights.digest, 'form', bytes);
    expect(await store.derived.get(weights.digest, 'form')).toBe(undefined);
    expect(await store.derived.get(other.digest, 'form')).toEqual(bytes);
    expect((await keysOf(database)).derived).toBe(1);
  });
});

describe('a full disk', () => {
  /** From now on, IndexedDB takes so many bytes of chunks. */
  function limitBytes(bytes: number) {
    let left = bytes;
    const put = IDBObjectStore.prototype.put;
    return vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (
      this: IDBObjectStore,
      value,
      key,
    ) {
      left -= value instanceof Blob ? value.size : 0;
      if (left < 0) throw new DOMException('full', 'QuotaExceededError');
      return put.call(this, value, key);
    });
  }
  const big = bigModel(4, 10_000_000);

  test('is told with the numbers, and loses nothing that is there', async () => {
    const { store, database } = setup();
    await store.putManifest(name('a'), await manifest(store, [await layer(store, 'model', tiny)]));
    const before = await keysOf(database);
    limitBytes(9_000_000);
    const error: StatusError = await store.putBlob(streamOf(big)).then(
      () => expect.fail(),
      reason => reason,
    );
    expect(error).toBeInstanceOf(StatusError);
    expect(error.status).toBe(507);
    expect(error.message).toBe(
      'not enough storage: 10000000 bytes needed, 8388608 stored, 1611392 missing; delete a model to make room',
    );
    expect(await keysOf(database)).toEqual(before);
    expect(await readAll((await store.open((await store.find(name('a')))!)).weights)).toEqual(tiny);
  });

  test('leaves what a pull has, and the pull goes on when there is room', async () => {
    await using server = await startServer({ file: big });
    const { store, database } = setup();
    const full = limitBytes(5_000_000);
    vi.stubGlobal('navigator', {
      storage: { estimate: async () => ({ usage: 5_000_000, quota: 99_000_000 }) },
    });
    await expect(collect(store.pull(new URL(server.url)))).rejects.toMatchObject({
      status: 507,
      message:
        'not enough storage: 10000000 bytes needed, 4194304 stored, 5805696 missing ' +
        '(the browser says 5000000 of 99000000 bytes are used); delete a model to make room',
    });
    expect(await keysOf(database)).toEqual({ chunk: 1, partial: 1 });
    full.mockRestore();
    await collect(store.pull(new URL(server.url)));
    expect(server.requests.at(-1)!.range).toBe(`bytes=${4 << 20}-`);
    expect(await store.hasBlob(sha256(big))).toBe(true);
  });

  test('keeps what is there of what was made of a blob', async () => {
    const { store } = setup();
    const { digest } = await store.putBlob(tiny);
    await store.derived.put(digest, 'form 1', tiny);
    limitBytes(-1);
    await expect(store.derived.put(digest, 'form 2', tiny)).rejects.toThrow('full');
    vi.restoreAllMocks();
    expect(await store.derived.get(digest, 'form 1')).toEqual(tiny);
  });

  test('that the browser knows of is told before a byte is fetched', async () => {
    await using server = await startServer({ file: big });
    const { store, database } = setup();
    vi.stubGlobal('navigator', { storage: { estimate: async () => ({ usage: 1000, quota: 9_000_000 }) } });
    await expect(collect(store.pull(new URL(server.url)))).rejects.toMatchObject({ status: 507 });
    expect(await keysOf(database)).toEqual({});
  });

  test('does not let a manifest in, and the one before it stays', async () => {
    const { store } = setup();
    await store.putManifest(name('a'), await manifest(store, [], { n: 1 }));
    const next = await manifest(store, [], { n: 2 });
    limitBytes(-1);
    await expect(store.putManifest(name('a'), next)).rejects.toMatchObject({ status: 507 });
    vi.restoreAllMocks();
    expect((await store.find(name('a')))!.config).toMatchObject({ n: 1 });
  });
});

test('the browser is asked once to keep the data, and may refuse', async () => {
  const persist = vi.fn(async () => {
    throw new Error('no');
  });
  const store = createStore({ base: 'http://localhost/', database: freshName(), persist });
  await store.list();
  expect(persist).toHaveBeenCalledTimes(0);
  await store.putBlob(tiny);
  await store.putBlob(streamOf(tiny));
  expect(persist).toHaveBeenCalledTimes(1);
});
