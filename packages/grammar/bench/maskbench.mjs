// MaskBench's rules over a share of its schemas: for every token of every instance the mask is computed, the bit looked at, the
// token accepted. Usage: `pnpm build`, then `pnpm maskbench [--ordered]`.
import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import tokenizer from 'llama3-tokenizer-js';
import { createEngine } from './maskbench-adapter.mjs';

const share = new URL('../../../fixtures/maskbench/share.jsonl.br', import.meta.url);
const lines = brotliDecompressSync(readFileSync(share)).toString().trim().split('\n');
const byteOf = new Map(printable().map((char, byte) => [char, byte]));
const vocab = tokenizer.vocabById.map(text =>
  /^<\|.*\|>$/.test(text) ? null : Uint8Array.from([...text], char => byteOf.get(char)),
);
const engine = await createEngine({
  vocab,
  eos: tokenizer.vocabById.indexOf('<|eot_id|>'),
  options: process.argv.includes('--ordered') ? 'ordered' : '',
});

console.log(`${lines.length} of MaskBench's 11,306 schemas: fixtures/maskbench/share.jsonl.br`);
const counts = { passing: 0, 'compile error': 0, 'validation error': 0, 'invalidation error': 0 };
const compiles = [];
const masks = [];
for (const line of lines) {
  const { id, schema, tests } = JSON.parse(line);
  const verdict = judge(schema, tests);
  counts[verdict]++;
  if (verdict !== 'passing') console.log(`${verdict}: ${id}`);
}
console.log({ schemas: lines.length, ...counts });
console.log('compile, ms:', percentiles(compiles));
console.log('mask and accept, µs:', percentiles(masks.map(ms => ms * 1000)));

function judge(schema, tests) {
  const start = performance.now();
  let grammar;
  try {
    grammar = engine.compile(schema);
  } catch (error) {
    if (error.name !== 'GrammarError') throw error;
    return 'compile error';
  }
  compiles.push(performance.now() - start);
  let verdict = 'passing';
  try {
    for (const { valid, text } of tests) {
      if (takes(grammar, tokenizer.encode(text, { bos: false, eos: false })) !== valid) {
        verdict = valid ? 'validation error' : 'invalidation error';
      }
    }
  } catch (error) {
    if (error.name !== 'GrammarError') throw error;
    return 'validation error';
  }
  return verdict;
}

function takes(grammar, tokens) {
  const matcher = engine.start(grammar);
  for (const token of tokens) {
    const start = performance.now();
    const allowed = ((engine.mask(matcher)[token >> 5] >>> (token & 31)) & 1) === 1;
    const taken = allowed && engine.accept(matcher, token);
    masks.push(performance.now() - start);
    if (allowed !== taken) throw new Error('the mask allows a token that is refused');
    if (!taken) return false;
  }
  return true;
}

/** The characters that stand for the bytes 0 to 255 in byte-level vocabularies. */
function printable() {
  let next = 256;
  const shown = byte => (byte > 32 && byte < 127) || (byte > 160 && byte < 256 && byte !== 173);
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(shown(byte) ? byte : next++));
}

function percentiles(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = share =>
    Number(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))].toFixed(1));
  const average = Number((sorted.reduce((sum, x) => sum + x, 0) / sorted.length).toFixed(1));
  return { average, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}
