/** How probable a token was, and which others were: from the softmax over the logits as the model gave them. */
import type { TokenLogprob } from '@tabllama/api';
import type { Tokenizer } from '@tabllama/tokenizer';
import { sortTop } from './sort-top.ts';

/** Of a token that has not been told as a text yet. */
export type Probability = Pick<TokenLogprob, 'logprob' | 'top_logprobs'>;

/** A text as the token that completed it: as in llama.cpp's server, a text that was withheld counts as its last token. */
export function spokenAs(token: string, { logprob, top_logprobs }: Probability): TokenLogprob {
  const bytes = token && { bytes: [...new TextEncoder().encode(token)] };
  return { token, logprob, ...bytes, ...(top_logprobs && { top_logprobs }) };
}

/** @returns a function of logits [vocabSize] and the token chosen. `top`: how many alternatives it lists, best first */
export function createLogprobs(
  tokenizer: Tokenizer,
  vocabSize: number,
  top: number,
): (logits: Float32Array, token: number) => Probability {
  const ids = Int32Array.from({ length: vocabSize }, (_, id) => id);

  return (logits, token) => {
    sortTop(ids, 0, vocabSize, Math.max(top, 1), logits);
    const greatest = logits[ids[0]];
    let sum = 0;
    for (let id = 0; id < vocabSize; id++) sum += Math.exp(logits[id] - greatest);
    const logSum = greatest + Math.log(sum);
    const probability = (id: number) => ({ logprob: logits[id] - logSum });
    if (top === 0) return probability(token);
    // each by itself: of one that ends inside a character, what comes before it
    const best = Array.from(ids.subarray(0, top), id =>
      spokenAs(tokenizer.decoder().push(id), probability(id)),
    );
    return { ...probability(token), top_logprobs: best };
  };
}
