/** Text to token ids and back, from the vocabulary in a GGUF file's metadata. It knows nothing of models, templates or sampling. */
export type { StreamingDecoder } from './decoder.ts';
export { TokenizerError } from './error.ts';
export { createTokenizer, type Tokenizer } from './tokenizer.ts';
