// This engine for MaskBench's runner: createEngine({ vocab, eos, options }) with vocab as bytes per token (null: special).
// Plain Node: it takes the bundle that `pnpm build` leaves in dist/.
import { compileSchema, createMatcher, createVocabulary } from '../dist/grammar.js';

export async function createEngine({ vocab, eos, options }) {
  const vocabulary = createVocabulary({
    bytesOf: id => vocab[id] ?? undefined,
    size: vocab.length,
    endIds: [eos],
  });
  const bits = new Uint32Array((vocab.length + 31) >> 5);
  // JSON Schema knows no order of properties, and some of MaskBench's instances keep none; `#ordered` is the product's default.
  const anyOrder = options !== 'ordered';
  return {
    version: 'tabllama grammar',
    compile: schemaText => compileSchema(schemaText, { anyOrder }),
    start: grammar => createMatcher(grammar, vocabulary),
    mask: matcher => {
      matcher.mask(bits);
      return bits;
    },
    accept: (matcher, token) => matcher.accept(token),
    forced: matcher => new TextDecoder().decode(Uint8Array.from(matcher.forced())),
  };
}
