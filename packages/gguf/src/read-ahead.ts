/** Reading a file from front to back in a few large reads. */
import type { ByteSource } from './source.ts';

const WINDOW = 4 << 20;
/** Windows that are on their way while one is used. */
const AHEAD = 3;
/** Windows at hand: those on their way, and those in which a tensor and its neighbours lie. */
const KEPT = 5;

/**
 * The same file, read in windows of 4 MiB, the next three while the caller is busy with the present: for a caller whose many small reads go
 * roughly from front to back, one after the other. At most five windows are in memory, and none after it is disposed of; what is read
 * stays only until the next read.
 */
export function readAhead(source: ByteSource, signal?: AbortSignal): ByteSource & Disposable {
  /** Where parts of several windows come together. */
  let joined = new Uint8Array(0);
  /** The one used latest is the last. */
  const windows = new Map<number, Promise<Uint8Array<ArrayBuffer>>>();
  /** Memory of windows that are closed, for those that come. */
  const free: ArrayBuffer[] = [];
  let isOpen = true;

  function open(index: number): Promise<Uint8Array<ArrayBuffer>> {
    const offset = index * WINDOW;
    const window =
      windows.get(index) ??
      source.read(
        offset,
        Math.min(WINDOW, source.size - offset),
        signal,
        free.pop() ?? new ArrayBuffer(WINDOW),
      );
    windows.delete(index);
    windows.set(index, window);
    return window;
  }

  function close(most: number): void {
    for (const [index, bytes] of windows) {
      if (windows.size <= most) return;
      windows.delete(index);
      bytes.then(
        ({ buffer }) => {
          // memory goes back at once in the end: garbage collectors take their time with large buffers
          if (isOpen && buffer.byteLength === WINDOW) free.push(buffer);
          else buffer.transfer(0);
        },
        () => {},
      );
    }
  }

  /** The window; when the one before it was used too, with those after it on their way. */
  function openAhead(index: number): Promise<Uint8Array<ArrayBuffer>> {
    const last = windows.has(index - 1) ? index + AHEAD : index;
    const window = open(index);
    for (let next = index + 1; next <= last && next * WINDOW < source.size; next++) {
      // a failure is told to whoever reads that window, if anyone does
      open(next).catch(() => {});
    }
    close(KEPT);
    return window;
  }

  return {
    size: source.size,
    async read(offset, length) {
      if (offset < 0 || offset + length > source.size) {
        throw new RangeError(`bytes ${offset} to ${offset + length} of a file of ${source.size}`);
      }
      const start = offset % WINDOW;
      if (start + length <= WINDOW) {
        return (await openAhead((offset - start) / WINDOW)).subarray(start, start + length);
      }
      if (joined.length < length) joined = new Uint8Array(length);
      const out = joined.subarray(0, length);
      for (let done = 0; done < length; ) {
        const at = offset + done;
        const window = await openAhead(Math.floor(at / WINDOW));
        const part = window.subarray(at % WINDOW, (at % WINDOW) + length - done);
        out.set(part, done);
        done += part.length;
      }
      return out;
    },
    [Symbol.dispose]() {
      isOpen = false;
      close(0);
      for (const memory of free) memory.transfer(0);
    },
  };
}
