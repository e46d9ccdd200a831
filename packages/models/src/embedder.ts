/** A loaded model that makes vectors of texts, and how texts share a pass. */
import type { TextBatch } from '@tabllama/kernels';

export interface Embedder extends AsyncDisposable {
  readonly vocabSize: number;
  /** Tokens that one text may have. */
  readonly contextLength: number;
  /** Bytes on the device. */
  readonly bytes: number;
  /** Resolves with a sentence when the device is lost. */
  readonly lost: Promise<string>;
  /**
   * One vector for each text, pooled and not normalised. A text is its tokens, at least one and no more than `contextLength`. The
   * signal is looked at between passes; an abort rejects with its reason.
   */
  embed(texts: readonly (readonly number[])[], signal?: AbortSignal): Promise<Float32Array<ArrayBuffer>[]>;
}

/** Batches of neighbouring texts: of so many tokens and so many texts at most. */
export function* packTexts(
  texts: readonly (readonly number[])[],
  mostTokens: number,
  mostTexts: number,
): Generator<TextBatch> {
  let tokens: number[] = [];
  let spans: [number, number][] = [];
  for (const text of texts) {
    if (text.length === 0 || text.length > mostTokens)
      throw new RangeError(`a text of ${text.length} tokens`);
    if (tokens.length + text.length > mostTokens || spans.length === mostTexts) {
      yield { tokens, texts: spans };
      tokens = [];
      spans = [];
    }
    spans.push([tokens.length, tokens.length + text.length]);
    for (const token of text) tokens.push(token);
  }
  if (spans.length > 0) yield { tokens, texts: spans };
}
