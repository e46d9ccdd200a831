/**
 * A vocabulary as bytes, to be kept beside its model. In little endian: the mark, the number of ids, of end tokens and of tokens with
 * bytes; the end tokens; for every token in the order of the bytes its id, how many bytes it shares with the one before, how many
 * follow, and those.
 */
import { GrammarError } from './error.ts';
import { MAX_STRINGS } from './trie.ts';
import { MAX_TOKEN_BYTES, type Vocabulary, vocabularyOf } from './vocabulary.ts';

/** Another one for every other form: "TLV1". */
const MARK = 0x31564c54;
const HEAD = 16;
const ENTRY = 8;
const MAX_BYTES = 2 ** 26;

/** @see vocabularyFromBytes */
export function vocabularyToBytes({ endIds, tokens: { bytes, offsets }, sorted }: Vocabulary): Uint8Array {
  const result = new Uint8Array(HEAD + endIds.length * 4 + sorted.length * ENTRY + bytes.length);
  const view = new DataView(result.buffer);
  [MARK, offsets.length - 1, endIds.length, sorted.length, ...endIds].forEach((value, i) => {
    view.setUint32(i * 4, value, true);
  });
  let at = HEAD + endIds.length * 4;
  let before: Uint8Array = new Uint8Array(0);
  for (const id of sorted) {
    const token = bytes.subarray(offsets[id], offsets[id + 1]);
    let shared = 0;
    while (shared < before.length && before[shared] === token[shared]) shared++;
    view.setUint32(at, id, true);
    view.setUint16(at + 4, shared, true);
    view.setUint16(at + 6, token.length - shared, true);
    result.set(token.subarray(shared), at + ENTRY);
    at += ENTRY + token.length - shared;
    before = token;
  }
  return result.slice(0, at);
}

/**
 * Takes a fraction of the time of `createVocabulary`.
 * @throws {GrammarError} These are not the bytes of a vocabulary of this version; it is to be made anew.
 */
export function vocabularyFromBytes(data: Uint8Array): Vocabulary {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (data.length < HEAD || view.getUint32(0, true) !== MARK) return fail('no vocabulary');
  const [size, ends, count] = [4, 8, 12].map(at => view.getUint32(at, true));
  let at = HEAD + ends * 4;
  if (size > MAX_STRINGS || ends > size || count > size || at + count * ENTRY > data.length)
    return fail('sizes that do not fit');
  const endIds = Array.from({ length: ends }, (_, i) => view.getUint32(HEAD + i * 4, true));
  if (endIds.some(id => id >= size)) return fail('an end token out of range');

  const sorted = new Int32Array(count);
  const lengths = new Uint16Array(size);
  // Where each token's own bytes lie; those that it shares are read off the token before.
  for (let i = 0, before = 0, from = at; i < count; i++) {
    if (from + ENTRY > data.length) return fail('an end too soon');
    const id = view.getUint32(from, true);
    const shared = view.getUint16(from + 4, true);
    const own = view.getUint16(from + 6, true);
    if (id >= size || lengths[id] > 0) return fail('a token out of range or twice');
    if (shared > before || shared + own === 0 || shared + own > MAX_TOKEN_BYTES)
      return fail('a token of another length');
    from += ENTRY + own;
    if (from > data.length) return fail('an end too soon');
    sorted[i] = id;
    before = shared + own;
    lengths[id] = before;
  }
  if (endIds.some(id => lengths[id] > 0)) return fail('an end token with bytes');

  const offsets = new Int32Array(size + 1);
  for (let id = 0; id < size; id++) offsets[id + 1] = offsets[id] + lengths[id];
  if (offsets[size] > MAX_BYTES) return fail('too many bytes');
  const bytes = new Uint8Array(offsets[size]);
  let last = -1;
  for (const id of sorted) {
    const shared = view.getUint16(at + 4, true);
    const own = view.getUint16(at + 6, true);
    const to = offsets[id];
    if (shared > 0) bytes.copyWithin(to, offsets[last], offsets[last] + shared);
    bytes.set(data.subarray(at + ENTRY, at + ENTRY + own), to + shared);
    if (last >= 0) {
      // It goes on with a greater byte, or is the same once more under a greater id.
      const rest = lengths[last] - shared;
      const ordered =
        rest === 0 ? own > 0 || id > last : own > 0 && bytes[to + shared] > bytes[offsets[last] + shared];
      if (!ordered) return fail('tokens out of order');
    }
    last = id;
    at += ENTRY + own;
  }
  if (at !== data.length) return fail('more than its tokens');
  return vocabularyOf({ bytes, offsets }, endIds, sorted);
}

function fail(what: string): never {
  throw new GrammarError('invalid', '', '', `the vocabulary holds ${what}`);
}
