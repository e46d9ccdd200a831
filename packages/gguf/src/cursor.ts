/** Reads little-endian values one after another from a ByteSource, through a window that moves on and never goes back. */
import { GgufError } from './error.ts';
import type { ByteSource } from './source.ts';

const WINDOW = 1 << 20;
// a token may begin with U+FEFF, which a decoder drops unless told otherwise
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

export class Cursor {
  readonly #source: ByteSource;
  readonly #signal: AbortSignal | undefined;
  #window = new DataView(new ArrayBuffer(0));
  #start = 0;
  #at = 0;

  constructor(source: ByteSource, signal?: AbortSignal) {
    this.#source = source;
    this.#signal = signal;
  }

  /** Bytes from the start of the file. */
  get offset(): number {
    return this.#start + this.#at;
  }

  get remaining(): number {
    return this.#source.size - this.offset;
  }

  /** True if the next `length` bytes lie in the window, so that the synchronous reads below may take them. */
  has(length: number): boolean {
    return this.#at + length <= this.#window.byteLength;
  }

  /** Makes the next `length` bytes available, and more if the file has them. Throws GgufError where it ends before. */
  async fill(length: number): Promise<void> {
    if (this.has(length)) return;
    if (length > this.remaining) {
      throw new GgufError(`the file ends: ${length} bytes expected, ${this.remaining} left`, this.offset);
    }
    const size = Math.min(Math.max(length, WINDOW), this.remaining);
    const bytes = await this.#source.read(this.offset, size, this.#signal);
    this.#start = this.offset;
    this.#at = 0;
    this.#window = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #take(length: number): number {
    const at = this.#at;
    this.#at += length;
    return at;
  }

  u8 = (): number => this.#window.getUint8(this.#take(1));
  i8 = (): number => this.#window.getInt8(this.#take(1));
  u16 = (): number => this.#window.getUint16(this.#take(2), true);
  i16 = (): number => this.#window.getInt16(this.#take(2), true);
  u32 = (): number => this.#window.getUint32(this.#take(4), true);
  i32 = (): number => this.#window.getInt32(this.#take(4), true);
  f32 = (): number => this.#window.getFloat32(this.#take(4), true);
  f64 = (): number => this.#window.getFloat64(this.#take(8), true);
  u64 = (): number => this.#safe(this.#window.getBigUint64(this.#take(8), true));
  i64 = (): number => this.#safe(this.#window.getBigInt64(this.#take(8), true));

  bytes(length: number): Uint8Array {
    return new Uint8Array(this.#window.buffer, this.#window.byteOffset + this.#take(length), length);
  }

  text(length: number): string {
    return utf8.decode(this.bytes(length));
  }

  #safe(value: bigint): number {
    const number = Number(value);
    if (!Number.isSafeInteger(number)) throw new GgufError(`${value} is beyond 2^53`, this.offset - 8);
    return number;
  }
}
