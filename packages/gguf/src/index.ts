/**
 * GGUF: the file format of ggml models, read from any byte source by ranges. The format is specified in ggml's
 * docs/gguf.md; this package reads versions 2 and 3, little endian, and writes version 3.
 */
export type { ByteSource } from './source.ts';
export type { Gguf, GgufArray, GgufValue, TensorInfo } from './types.ts';
