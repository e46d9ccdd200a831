/**
 * GGUF: the file format of ggml models, read from any byte source by ranges, and written as a stream. The format is specified in
 * ggml's docs/gguf.md; this package reads versions 2 and 3, little endian, and writes 3.
 */
export { GgufError } from './error.ts';
export { readGguf } from './read.ts';
export { readAhead } from './read-ahead.ts';
export { type ByteSource, sourceFromBytes } from './source.ts';
export { type GgufFile, joinParts, splitName, splitOf } from './split.ts';
export { type TensorType, tensorTypes } from './tensor-types.ts';
export type { Gguf, GgufArray, GgufValue, TensorInfo } from './types.ts';
export { encodeFloat, encodeHeader, encodeValue, type NewTensor, padding, writeGguf } from './write.ts';
