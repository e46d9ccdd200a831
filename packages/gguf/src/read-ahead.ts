/** Reading a file from front to back in a few large reads. */
import type { ByteSource } from './source.ts';

const WINDOW = 4 << 20;
/** Windows at hand: those that a tensor and its neighbours lie in, and the one that is being read. */
const KEPT = 4;

/**
 * The same file, read in windows of 4 MiB, the next one while the caller is busy with the present: for callers whose many small reads go
 * roughly from front to back. At most four windows are in memory.
 */
export function readAhead(source: ByteSource, signal?: AbortSignal): ByteSource {
  /** The one used latest is the last. `readers` are those that have not taken their part yet. */
  const windows = new Map<number, { readonly bytes: Promise<Uint8Array<ArrayBuffer>>; readers: number }>();

  function open(index: number) {
    const offset = index * WINDOW;
    const window = windows.get(index) ?? {
      bytes: source.read(offset, Math.min(WINDOW, source.size - offset), signal),
      readers: 0,
    };
    windows.delete(index);
    windows.set(index, window);
    return window;
  }

  function closeOldest(): void {
    for (const [index, { bytes, readers }] of windows) {
      if (windows.size <= KEPT) return;
      if (readers > 0) continue;
      windows.delete(index);
      // memory goes back at once; a read that failed has told its reader, if there was one
      bytes.then(
        ({ buffer }) => buffer.transfer(0),
        () => {},
      );
    }
  }

  /** Copies what the window has of `out`, whose first byte lies at `offset` of the file; returns how many bytes that are. */
  async function copyFrom(index: number, offset: number, out: Uint8Array): Promise<number> {
    const window = open(index);
    window.readers++;
    try {
      const start = offset - index * WINDOW;
      const part = (await window.bytes).subarray(start, start + out.length);
      out.set(part);
      return part.length;
    } finally {
      window.readers--;
    }
  }

  return {
    size: source.size,
    async read(offset, length) {
      if (offset < 0 || offset + length > source.size) {
        throw new RangeError(`bytes ${offset} to ${offset + length} of a file of ${source.size}`);
      }
      const out = new Uint8Array(length);
      for (let done = 0; done < length; ) {
        const index = Math.floor((offset + done) / WINDOW);
        const isNew = !windows.has(index);
        const copying = copyFrom(index, offset + done, out.subarray(done));
        if (isNew && (index + 1) * WINDOW < source.size) open(index + 1).bytes.catch(() => {});
        closeOldest();
        done += await copying;
      }
      return out;
    },
  };
}
