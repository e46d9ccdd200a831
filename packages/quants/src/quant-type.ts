/** What a tensor type is to the rest of the house: how its blocks lie in the file, on the GPU, and what they mean. */
export interface QuantType {
  /** ggml's name in capitals, such as `Q4_1`. */
  readonly name: string;
  /** ggml's number of the type, as GGUF stores it. */
  readonly id: number;
  /** Weights in a block of the file, and its bytes there. */
  readonly blockSize: number;
  readonly blockBytes: number;
  /**
   * Dequantizes whole blocks, exactly as ggml's reference code does.
   * @param bytes `n` blocks; @param out `n * blockSize` weights
   */
  dequantize(bytes: Uint8Array, out: Float32Array): void;
  /**
   * The parts into which blocks are taken apart for the GPU so that every load is aligned. One plane alone means that the
   * bytes stay as they are. The planes of a row-major tensor are row-major too, block after block.
   */
  readonly planes: readonly Plane[];
  /**
   * Copies `n` blocks of the file into the planes' bytes. Absent where there is one plane: nothing is to be done then.
   * @param bytes `n * blockBytes`; @param planes for each plane `n * plane.bytes`
   */
  split?(bytes: Uint8Array<ArrayBuffer>, planes: readonly Uint8Array<ArrayBuffer>[]): void;
  /**
   * WGSL without bindings. It reads storage arrays named `w0`, `w1`, … (one for each plane, of the plane's element type).
   *
   * `signed` and `unsigned` types define `fn load32(i: u32) -> W32`: the i-th group of 32 weights in row-major order, where
   * `struct W32 { lo: vec4u, hi: vec4u, scale: vec2f, offset: f32 }` (declared by the kernel) holds 32 bytes, weight j
   * being byte j%4 of word j/4 (lo: weights 0…15, hi: 16…31), and
   * weight j = scale[j / 16] * byte j + offset. Unsigned bytes are below 128.
   *
   * `float` types define `fn load4(i: u32) -> vec4f`: the i-th group of four weights in row-major order.
   */
  readonly wgsl: string;
  readonly kind: 'signed' | 'unsigned' | 'float';
}

export interface Plane {
  /** Bytes of a block in this plane. */
  readonly bytes: number;
  /** Element of the WGSL array that the plane is bound as. */
  readonly element: 'u32' | 'vec2u' | 'vec4u' | 'vec4f';
}
