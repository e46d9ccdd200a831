/**
 * A second thread, which reads chunks of a model while the worker takes those before apart: half of what a load keeps a thread busy with.
 * It runs the worker's own script under another name, which is where bundlers have put it.
 */
import { openReadChunk, type ReadChunk } from '@tabllama/store';
import { expose, transfer, wrap } from 'comlink';

/** Name of the worker that the package starts. The script of one that a page made itself may do more, and is not run again. */
const workerName = 'tabllama';
const readerName = 'tabllama reader';

interface Reader {
  /** Answers when the script runs. */
  start(): void;
  readChunk: ReadChunk;
}

/** Whether this thread is the reader. */
export const isReader = (): boolean => self.name === readerName;

/** Makes this thread the reader. */
export function serveChunks(): void {
  const readHere = openReadChunk();
  const reader: Reader = {
    start() {},
    async readChunk(...chunk) {
      const bytes = await readHere(...chunk);
      return bytes && transfer(bytes, [bytes]);
    },
  };
  expose(reader);
}

/** Reads on a second thread, which starts with the first chunk; on this one until it runs, and where there can be none. */
export function createReadElsewhere(): ReadChunk {
  let readChunk = openReadChunk();
  let mayStart = self.name === workerName;
  const start = async () => {
    readChunk = await startReader();
  };
  return (...chunk) => {
    if (mayStart) start().catch(() => {});
    mayStart = false;
    return readChunk(...chunk);
  };
}

async function startReader(): Promise<ReadChunk> {
  const thread = new Worker(self.location.href, {
    type: isModule() ? 'module' : 'classic',
    name: readerName,
  });
  const reader = wrap<Reader>(thread);
  const failed = new Promise<never>((_, reject) => {
    thread.addEventListener('error', reject, { once: true });
  });
  await Promise.race([reader.start(), failed]);
  return (file, index, memory) => reader.readChunk(file, index, memory && transfer(memory, [memory]));
}

/** Bundlers make scripts of either kind of this one. */
function isModule(): boolean {
  try {
    importScripts();
    return false;
  } catch {
    return true;
  }
}
