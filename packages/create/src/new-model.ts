/** A model file that is not there yet: its tensors are made while it is written to the store. */
import type { Layer, Store } from '@tabllama/api';
import { type Gguf, type NewTensor, readGguf, writeGguf } from '@tabllama/gguf';
import { media } from './base.ts';
import type { ModelFacts } from './tensor-types.ts';

export interface NewModel {
  readonly facts: ModelFacts;
  /** `F16`, `Q4_K_M`, … */
  readonly fileType: string;
  /** The values of the file's metadata as they lie there, in their order. */
  readonly values: ReadonlyMap<string, Uint8Array>;
  /** In the order of the file. Each piece of data holds whole blocks of every type that the tensor's rows divide into. */
  readonly tensors: readonly NewTensor[];
  readonly alignment: number;
  /** Bytes of the tensors, and how many of them have been read, of the files that this is made of. */
  readonly source: { readonly size: number; completed: number };
}

interface WrittenModel {
  readonly layer: Layer;
  /** The store did not have such a file before. */
  readonly isNew: boolean;
  readonly gguf: Gguf;
}

/** What Ollama puts in the place of a digest while there is none. */
const noDigest = '0'.repeat(19);

/** Writes the model to the store; a second or more of it shows as lines of progress. */
export async function* writeModel(
  store: Store,
  { values, tensors, alignment, source }: NewModel,
  status: string,
  signal: AbortSignal,
): AsyncGenerator<object, WrittenModel, undefined> {
  const writing = store.putBlob(streamOf(writeGguf(values, tensors, alignment)), signal);
  while (await Promise.race([writing.then(() => false), sleep(1000)])) {
    const { size, completed } = source;
    yield { status, digest: noDigest, total: size, completed };
  }
  yield { status: 'verifying conversion' };
  const { digest, size, isNew } = await writing;
  const gguf = await readGguf((await store.blob(digest))!, signal);
  return { layer: { mediaType: `${media}model`, digest, size }, isNew, gguf };
}

const sleep = (ms: number) => new Promise<true>(resolve => setTimeout(resolve, ms, true));

function streamOf(pieces: AsyncGenerator<Uint8Array, void>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await pieces.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await pieces.return();
    },
  });
}
