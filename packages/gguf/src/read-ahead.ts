/** Reading a file from front to back in a few large reads. */
import type { ByteSource } from './source.ts';

const WINDOW = 4 << 20;
/** Windows at hand: the one that is used and the next, which is on its way. */
const KEPT = 2;

export interface ReadAhead extends ByteSource, Disposable {
  /** Has the window of this byte and the next one come before they are read. */
  begin(offset: number): void;
}

/**
 * The same file, read in windows of 4 MiB, the next while the caller is busy with the present: for a caller whose many small reads go
 * roughly from front to back, one after the other. Two windows are in memory, and none after it is disposed of; what is read stays only
 * until the next read.
 */
export function readAhead(source: ByteSource, signal?: AbortSignal): ReadAhead {
  /** Where parts of several windows come together. */
  let joined = new Uint8Array(0);
  /** The one used latest is the last. */
  const windows = new Map<number, Promise<Uint8Array<ArrayBuffer>>>();

  function open(index: number): Promise<Uint8Array<ArrayBuffer>> {
    const offset = index * WINDOW;
    const window = windows.get(index) ?? source.read(offset, Math.min(WINDOW, source.size - offset), signal);
    windows.delete(index);
    windows.set(index, window);
    return window;
  }

  function close(most: number): void {
    for (const [index, bytes] of windows) {
      if (windows.size <= most) return;
      windows.delete(index);
      // memory goes back at once: garbage collectors take their time with large buffers
      bytes.then(
        ({ buffer }) => buffer.transfer(0),
        () => {},
      );
    }
  }

  /** The window; when the one before it was used too, with the next on its way. */
  function use(
    index: number,
    goesOn = windows.has(index - 1) || windows.has(index + 1),
  ): Promise<Uint8Array<ArrayBuffer>> {
    const window = open(index);
    // a failure is told to whoever reads that window, if anyone does
    if (goesOn && (index + 1) * WINDOW < source.size) open(index + 1).catch(() => {});
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
    [Symbol.dispose]: () => close(0),
  };
}
