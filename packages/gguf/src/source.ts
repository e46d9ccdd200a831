/** Random access to the bytes of one file: a Blob, chunks in IndexedDB, an HTTP range, an array in a test. */
export interface ByteSource {
  /** Length of the file in bytes. */
  readonly size: number;
  /** Exactly `length` bytes from `offset` on, in memory of their own; rejects when the file ends before. */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
}
