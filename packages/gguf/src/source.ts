/** Random access to the bytes of one file: a Blob, chunks in IndexedDB, an HTTP range, an array in a test. */
export interface ByteSource {
  /** Length of the file in bytes. */
  readonly size: number;
  /**
   * Exactly `length` bytes from `offset` on, in memory of their own; rejects when the file ends before.
   * @param memory of at least so many bytes, which the source may take for them: it is the caller's no more
   */
  read(
    offset: number,
    length: number,
    signal?: AbortSignal,
    memory?: ArrayBuffer,
  ): Promise<Uint8Array<ArrayBuffer>>;
}

const outside = (offset: number, length: number, size: number) =>
  new RangeError(`bytes ${offset} to ${offset + length} of a file of ${size}`);

/** A file that lies in memory. */
export function sourceFromBytes(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    async read(offset, length) {
      if (offset < 0 || offset + length > bytes.length) throw outside(offset, length, bytes.length);
      return new Uint8Array(bytes.subarray(offset, offset + length));
    },
  };
}
