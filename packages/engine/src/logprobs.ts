/** How probable a token was, and which others were: from the softmax over the logits as the model gave them. */
import type { TokenLogprob } from '@tabllama/api';
import type { Tokenizer } from '@tabllama/tokenizer';
import { sortTop } from './sort-top.ts';

/** @returns a function of logits [vocabSize] and the token chosen. `top`: how many alternatives it lists, best first */
export function createLogprobs(
  tokenizer: Tokenizer,
  vocabSize: number,
  top: number,
): (logits: Float32Array, token: number) => TokenLogprob {
  const ids = Int32Array.from({ length: vocabSize }, (_, id) => id);

  const describe = (token: number, logprob: number): TokenLogprob => {
    // by itself: of a token that ends inside a character, what comes before it
    const text = tokenizer.decoder().push(token);
    return { token: text, logprob, ...(text && { bytes: [...new TextEncoder().encode(text)] }) };
  };
  return (logits, token) => {
    sortTop(ids, 0, vocabSize, Math.max(top, 1), logits);
    const greatest = logits[ids[0]];
    let sum = 0;
    for (let id = 0; id < vocabSize; id++) sum += Math.exp(logits[id] - greatest);
    const logSum = greatest + Math.log(sum);
    const chosen = describe(token, logits[token] - logSum);
    if (top === 0) return chosen;
    const best = Array.from(ids.subarray(0, top), id => describe(id, logits[id] - logSum));
    return { ...chosen, top_logprobs: best };
  };
}
