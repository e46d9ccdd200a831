/** Reading a file from front to back in a few large reads. */
import type { ByteSource } from './source.ts';

const WINDOW = 4 << 20;
/** Windows at hand: the one that is used and the next, which are on their way. */
const KEPT = 3;

export interface ReadAhead extends ByteSource, Disposable {
  /** Has the window of this byte and the next ones come before they are read. */
  begin(offset: number): void;
}

/**
 * The same file, read in windows of 4 MiB, the next ones while the caller is busy with the present: for a caller whose many small reads go
 * roughly from front to back, one after the other. Three windows are in memory and the memory of one more, and none after it is disposed
 * of; what is read stays only until the next read.
 */
export function readAhead(source: ByteSource, signal?: AbortSignal): ReadAhead {
  /** Where parts of several windows come together. */
  let joined = new Uint8Array(0);
  /** The one used latest is the last. */
  const windows = new Map<number, Promise<Uint8Array<ArrayBuffer>>>();
  /** Memory of windows that are closed, for those that come: fresh memory comes page by page, which takes as long as the reading. */
  const free: ArrayBuffer[] = [];
  let isOpen = true;

  function open(index: number): Promise<Uint8Array<ArrayBuffer>> {
    const offset = index * WINDOW;
    const length = Math.min(WINDOW, source.size - offset);
    const window =
      windows.get(index) ?? source.read(offset, length, signal, length === WINDOW ? free.pop() : undefined);
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

  /** The window; when the one before it was used too, with the next ones on their way. */
  function use(
    index: number,
    goesOn = windows.has(index - 1) || windows.has(index + 1),
  ): Promise<Uint8Array<ArrayBuffer>> {
    const last = goesOn ? Math.min(index + KEPT, Math.ceil(source.size / WINDOW)) - 1 : index;
    // a failure is told to whoever reads that window, if anyone does
    for (let each = index; each <= last; each++) open(each).catch(() => {});
    const window = open(index);
    close(KEPT);
    return window;
  }

  return {
    size: source.size,
    begin(offset) {
      use(Math.floor(offset / WINDOW), true).catch(() => {});
    },
    async read(offset, length) {
      if (offset < 0 || offset + length > source.size) {
        throw new RangeError(`bytes ${offset} to ${offset + length} of a file of ${source.size}`);
      }
      const start = offset % WINDOW;
      if (start + length <= WINDOW) {
        return (await use((offset - start) / WINDOW)).subarray(start, start + length);
      }
      if (joined.length < length) joined = new Uint8Array(length);
      const out = joined.subarray(0, length);
      for (let done = 0; done < length; ) {
        const at = offset + done;
        const window = await use(Math.floor(at / WINDOW));
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
