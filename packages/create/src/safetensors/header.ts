/**
 * Reads the header of a safetensors file: the length of a JSON text, the text, then the tensors' bytes (huggingface/safetensors,
 * README.md). A file is a stranger's: every length, offset and shape is checked before anything is allocated for it.
 */
import type { ByteSource } from '@tabllama/gguf';

/** A tensor and where it lies. */
export interface SourceTensor {
  readonly name: string;
  readonly dtype: string;
  /** Row-major: the last dimension is the length of a row. */
  readonly shape: readonly number[];
  readonly source: ByteSource;
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly bytes: number;
}

const MAX_HEADER = 100_000_000; // bytes; the format's own limit
const MAX_TENSORS = 65_536;

const sizes: Readonly<Record<string, number>> = {
  ...{ BOOL: 1, U8: 1, I8: 1, F8_E4M3: 1, F8_E5M2: 1 },
  ...{ I16: 2, U16: 2, F16: 2, BF16: 2 },
  ...{ I32: 4, U32: 4, F32: 4, I64: 8, U64: 8, F64: 8 },
};

/** Throws Error that names the file, the tensor and the number. */
export async function readSafetensors(
  source: ByteSource,
  path: string,
  signal: AbortSignal,
): Promise<SourceTensor[]> {
  const refuse = (why: string) => new Error(`${path}: ${why}`);
  if (source.size < 8) throw refuse('the file ends within its header');
  const head = await source.read(0, 8, signal);
  const said = new DataView(head.buffer, head.byteOffset).getBigUint64(0, true);
  if (said > Math.min(source.size - 8, MAX_HEADER)) throw refuse(`a header of ${said} bytes`);
  const length = Number(said);
  const header = parse(await source.read(8, length, signal), refuse);
  const start = 8 + length;
  const tensors: SourceTensor[] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const wrong = (why: string) => refuse(`tensor ${name} ${why}`);
    const { dtype, shape, data_offsets: offsets } = Object(entry) as Record<string, unknown>;
    if (typeof dtype !== 'string' || !Object.hasOwn(sizes, dtype))
      throw wrong(`has dtype ${JSON.stringify(dtype)}`);
    if (!isCounts(shape) || shape.length > 4) throw wrong(`has shape ${JSON.stringify(shape)}`);
    if (!isCounts(offsets) || offsets.length !== 2) throw wrong(`has offsets ${JSON.stringify(offsets)}`);
    const [begin, end] = offsets;
    const count = shape.reduce((a, b) => a * b, 1);
    if (count === 0 || !Number.isSafeInteger(count * 8)) throw wrong(`has shape ${shape.join('×')}`);
    if (end < begin || end > source.size - start)
      throw wrong(`lies at ${begin} to ${end}, outside of the file`);
    const bytes = count * sizes[dtype];
    if (end - begin !== bytes) throw wrong(`of ${bytes} bytes has ${end - begin}`);
    // a scalar is a vector of one
    tensors.push({ name, dtype, shape: shape.length ? shape : [1], source, offset: start + begin, bytes });
  }
  if (tensors.length > MAX_TENSORS) throw refuse(`${tensors.length} tensors`);
  checkOverlaps(tensors, refuse);
  return tensors;
}

function parse(bytes: Uint8Array, refuse: (why: string) => Error): object {
  try {
    const header: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof header === 'object' && header !== null && !Array.isArray(header)) return header;
  } catch {
    // said below
  }
  throw refuse('the header is no JSON object');
}

const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every(item => Number.isSafeInteger(item) && item >= 0);

function checkOverlaps(tensors: readonly SourceTensor[], refuse: (why: string) => Error): void {
  const ordered = tensors.toSorted((a, b) => a.offset - b.offset);
  for (const [i, { name, offset, bytes }] of ordered.entries()) {
    const next = ordered[i + 1];
    if (next && offset + bytes > next.offset) throw refuse(`tensors ${name} and ${next.name} overlap`);
  }
}
