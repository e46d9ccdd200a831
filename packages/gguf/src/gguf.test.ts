import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GgufError, readGguf, sourceFromBytes } from './index.ts';

const file = new Uint8Array(
  readFileSync(new URL('../../../fixtures/models/stories260K-q8_0.gguf', import.meta.url)),
);

/** A file written value by value. */
class Writer {
  readonly #parts: Uint8Array[] = [];
  #put(size: number, set: (view: DataView) => void): this {
    const view = new DataView(new ArrayBuffer(size));
    set(view);
    this.#parts.push(new Uint8Array(view.buffer));
    return this;
  }
  raw(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    return this;
  }
  u32 = (n: number) => this.#put(4, view => view.setUint32(0, n, true));
  u64 = (n: number | bigint) => this.#put(8, view => view.setBigUint64(0, BigInt(n), true));
  text(text: string): this {
    const bytes = new TextEncoder().encode(text);
    return this.u64(bytes.length).raw(bytes);
  }
  get bytes(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#parts));
  }
}
const magic = new TextEncoder().encode('GGUF');
const header = (tensors: number | bigint, entries: number | bigint, version = 3) =>
  new Writer().raw(magic).u32(version).u64(tensors).u64(entries);
const pad = (writer: Writer, extra = 0) => {
  const { length } = writer.bytes;
  return writer.raw(new Uint8Array(((32 - (length % 32)) % 32) + extra)).bytes;
};
const read = (bytes: Uint8Array) => readGguf(sourceFromBytes(bytes));
const tensor = (
  writer: Writer,
  name: string,
  shape: readonly number[],
  type: number,
  offset: number | bigint,
) => {
  writer.text(name).u32(shape.length);
  for (const size of shape) writer.u64(size);
  return writer.u32(type).u64(offset);
};

describe('a real file', () => {
  it('is read from bytes and from a blob alike', async () => {
    const gguf = await read(file);
    expect(gguf.metadata.get('general.architecture')).toBe('llama');
    expect(gguf.metadata.get('llama.block_count')).toBe(5);
    expect(gguf.metadata.get('tokenizer.ggml.scores')).toBeInstanceOf(Float32Array);
    const embedding = gguf.tensors.get('token_embd.weight');
    expect(embedding).toMatchObject({ shape: [64, 512], type: 8, bytes: (64 * 512 * 34) / 32 });
    const last = Math.max(...[...gguf.tensors.values()].map(t => t.offset + t.bytes));
    expect(last).toBeLessThanOrEqual(file.length);
  });
  it('is never read beyond a window past its header', async () => {
    const source = sourceFromBytes(file);
    let most = 0;
    await readGguf({
      size: source.size,
      read(at, length) {
        most = Math.max(most, length);
        return source.read(at, length);
      },
    });
    expect(most).toBeLessThanOrEqual(1 << 20);
  });
  it('is refused wherever it is cut off', async () => {
    const { dataOffset } = await read(file);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: dataOffset }), async length => {
        await expect(read(file.subarray(0, length))).rejects.toThrow(GgufError);
      }),
      { numRuns: 60 },
    );
  });
  it('is read or refused, never hangs, whatever bytes of its header are changed', async () => {
    const change = fc.tuple(fc.integer({ min: 0, max: 9000 }), fc.integer({ min: 0, max: 255 }));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async changes => {
        const bytes = file.slice();
        for (const [at, value] of changes) bytes[at] = value;
        await read(bytes).catch(error => expect(error).toBeInstanceOf(GgufError));
      }),
      { numRuns: 150 },
    );
  });
});

describe('strings', () => {
  it('keep a leading U+FEFF, which is a token of real vocabularies', async () => {
    const writer = header(0, 1).text('k').u32(9).u32(8).u64(2).text('\ufeff').text('\ufeffa');
    expect((await read(pad(writer))).metadata.get('k')).toEqual(['\ufeff', '\ufeffa']);
  });
  it('may be called __proto__', async () => {
    expect((await read(pad(header(0, 1).text('__proto__').u32(8).text('x')))).metadata.get('__proto__')).toBe(
      'x',
    );
  });
});

describe('a hostile file is refused with the field and the number', () => {
  const cases: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ['without magic', new Uint8Array(64), /no magic number/],
    ['of version 1', pad(header(0, 0, 1)), /version 1/],
    ['of the other byte order', pad(header(0, 0, 0x03000000)), /big-endian/],
    ['with too many tensors', pad(header(2n ** 40n, 0)), /tensor count 1099511627776/],
    ['with more tensors than bytes', pad(header(60000, 0)), /tensor count 60000 needs more/],
    ['with a count beyond 2^53', pad(header(2n ** 63n, 0)), /9223372036854775808 is beyond 2\^53/],
    ['with a key longer than itself', pad(header(0, 1).u64(60000), 64), /length of metadata key 60000/],
    [
      'with an array longer than itself',
      pad(header(0, 1).text('a').u32(9).u32(6).u64(1e7)),
      /length of a 10000000/,
    ],
    ['with an unknown value type', pad(header(0, 1).text('a').u32(13)), /a has unknown value type 13/],
    [
      'with a bool of 2',
      pad(
        header(0, 1)
          .text('a')
          .u32(7)
          .raw(new Uint8Array([2])),
      ),
      /bool of value 2/,
    ],
    [
      'with a key twice',
      pad(header(0, 2).text('a').u32(4).u32(1).text('a').u32(4).u32(1), 64),
      /a comes twice/,
    ],
    ['with alignment 0', pad(header(0, 1).text('general.alignment').u32(4).u32(0)), /general.alignment is 0/],
    [
      'with alignment 48',
      pad(header(0, 1).text('general.alignment').u32(4).u32(48)),
      /general.alignment is 48/,
    ],
    ['with five dimensions', pad(tensor(header(1, 0), 't', [1, 1, 1, 1, 1], 0, 0), 64), /t has 5 dimensions/],
    ['with an empty tensor', pad(tensor(header(1, 0), 't', [0], 0, 0), 64), /t has shape 0/],
    ['with a huge tensor', pad(tensor(header(1, 0), 't', [2 ** 40, 2 ** 40], 0, 0), 64), /t has shape/],
    [
      'with a type that was taken back',
      pad(tensor(header(1, 0), 't', [32], 4, 0), 64),
      /t has unknown type 4/,
    ],
    [
      'with a row of half a block',
      pad(tensor(header(1, 0), 't', [16], 2, 0), 64),
      /rows of 16 do not divide into Q4_0/,
    ],
    [
      'with an unaligned tensor',
      pad(tensor(header(1, 0), 't', [1], 0, 4), 64),
      /offset 4 is not aligned to 32/,
    ],
    ['with a tensor beyond its end', pad(tensor(header(1, 0), 't', [32], 0, 64), 64), /reach beyond/],
    [
      'with a tensor twice',
      pad(tensor(tensor(header(2, 0), 't', [1], 0, 0), 't', [1], 0, 32), 64),
      /t comes twice/,
    ],
    [
      'with overlapping tensors',
      pad(tensor(tensor(header(2, 0), 't', [9], 0, 0), 'u', [1], 0, 32), 64),
      /t and u overlap/,
    ],
  ];
  it.each(cases)('%s', async (_, bytes, message) => {
    await expect(read(bytes)).rejects.toThrow(GgufError);
    await expect(read(bytes)).rejects.toThrow(message);
  });
  it('with arrays in arrays without end', async () => {
    const writer = header(0, 1).text('a').u32(9);
    for (let i = 0; i < 100; i++) writer.u32(9).u64(1);
    await expect(read(pad(writer, 64))).rejects.toThrow(/nested deeper than 4/);
  });
});
