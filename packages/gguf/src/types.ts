/** An array in the metadata. Numeric arrays are typed arrays (64-bit integers: `number[]`, checked to be safe). */
export type GgufArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array
  | readonly number[]
  | readonly string[]
  | readonly boolean[]
  | readonly GgufArray[];

/** A metadata value. 64-bit integers are numbers; one beyond 2^53 is refused when the file is read. */
export type GgufValue = number | boolean | string | GgufArray;

/** Where a tensor lies in the file and how it is stored. */
export interface TensorInfo {
  readonly name: string;
  /** ggml's number of the tensor type, such as 3 for Q4_1. */
  readonly type: number;
  /** Sizes in ggml's order: `shape[0]` is the length of a row (the fastest dimension). */
  readonly shape: readonly number[];
  /** Bytes from the start of the file. */
  readonly offset: number;
  /** Length of the data in bytes. */
  readonly bytes: number;
}

/** The header of a GGUF file: everything but the weights. */
export interface Gguf {
  readonly version: number;
  readonly alignment: number;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  /** Where the value of each key lies in the file, its type before it: who writes the file anew copies it as it is. */
  readonly valueRanges: ReadonlyMap<string, { readonly offset: number; readonly bytes: number }>;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** Bytes from the start of the file to the first tensor's data; also the size of the header, padded. */
  readonly dataOffset: number;
}
