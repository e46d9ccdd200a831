/** A text read byte by byte against a schema: a vocabulary of single bytes. */
import { compileSchema, createMatcher, createVocabulary, type GrammarOptions } from '../src/index.ts';

const END = 256;
export const bytesVocabulary = createVocabulary({
  bytesOf: id => (id < END ? Uint8Array.of(id) : undefined),
  size: END + 1,
  endIds: [END],
});

/** 'yes', 'open' (a beginning that may not end here), or the beginning that was refused. Mask and accept must agree. */
export function read(schema: unknown, text: string, options?: GrammarOptions): string {
  const matcher = createMatcher(compileSchema(schema, options), bytesVocabulary);
  const bits = new Uint32Array(9);
  const bytes = new TextEncoder().encode(text);
  for (let i = 0; i < bytes.length; i++) {
    matcher.mask(bits);
    const allowed = ((bits[bytes[i] >> 5] >>> (bytes[i] & 31)) & 1) === 1;
    if (matcher.accept(bytes[i]) !== allowed)
      throw new Error(`mask and accept disagree after ${text.slice(0, i)}`);
    if (!allowed) return new TextDecoder().decode(bytes.subarray(0, i + 1));
  }
  matcher.mask(bits);
  if ((((bits[END >> 5] >>> (END & 31)) & 1) === 1) !== matcher.isComplete())
    throw new Error('mask and isComplete disagree');
  return matcher.isComplete() ? 'yes' : 'open';
}

/** Whether the whole text is let through. */
export function fits(schema: unknown, text: string, options?: GrammarOptions): boolean {
  return read(schema, text, options) === 'yes';
}
