/**
 * A vocabulary as bytes, to be kept beside its model on the same machine. First 32-bit numbers in the order of bytes that the machine has:
 * the mark, the number of end tokens, of tokens with bytes and of all; the end tokens; the tokens with bytes, sorted; where the bytes of each
 * token begin, and where the last one's end. Then the bytes.
 */
import { GrammarError } from './error.ts';
import { MAX_STRINGS, orderOf } from './trie.ts';
import { MAX_TOKEN_BYTES, type Vocabulary, vocabularyOf } from './vocabulary.ts';

/** Another one for every other form: "TLV2". */
const MARK = 0x32564c54;
const HEAD = 4;

/** @see vocabularyFromBytes */
export function vocabularyToBytes({ size, endIds, tokens, sorted }: Vocabulary): Uint8Array {
  const numbers = [MARK, endIds.length, sorted.length, size, ...endIds, ...sorted, ...tokens.offsets];
  const head = new Uint8Array(Int32Array.from(numbers).buffer);
  const result = new Uint8Array(head.length + tokens.bytes.length);
  result.set(head);
  result.set(tokens.bytes, head.length);
  return result;
}

/**
 * Takes about half the time of `createVocabulary`.
 * @throws {GrammarError} These are not the bytes of a vocabulary of this version; it is to be made anew.
 */
export function vocabularyFromBytes(data: Uint8Array): Vocabulary {
  const numbers = new Int32Array(data.slice(0, data.length & ~3).buffer);
  const [mark, ends, count, size] = numbers;
  check(mark === MARK);
  check(ends >= 0 && ends <= size && count >= 0 && count <= size && size <= MAX_STRINGS);
  const [sortedAt, offsetsAt] = [HEAD + ends, HEAD + ends + count];
  const bytesAt = offsetsAt + size + 1;
  check(bytesAt <= numbers.length);
  const sorted = numbers.slice(sortedAt, offsetsAt);
  const offsets = numbers.slice(offsetsAt, bytesAt);
  const bytes = data.slice(bytesAt * 4);

  check(offsets[0] === 0 && offsets[size] === bytes.length);
  let filled = 0;
  for (let id = 0; id < size; id++) {
    const length = offsets[id + 1] - offsets[id];
    check(length >= 0 && length <= MAX_TOKEN_BYTES);
    if (length > 0) filled++;
  }
  check(filled === count);
  const endIds = [...numbers.subarray(HEAD, sortedAt)];
  for (const id of endIds) check(id >= 0 && id < size && offsets[id + 1] === offsets[id]);
  const order = orderOf({ bytes, offsets });
  for (let i = 0; i < count; i++) {
    check(offsets[sorted[i] + 1] > offsets[sorted[i]]);
    // so that none is there twice
    check(i === 0 || order(sorted[i - 1], sorted[i]) < 0);
  }
  return vocabularyOf({ bytes, offsets }, endIds, sorted);
}

function check(holds: boolean): void {
  if (!holds) throw new GrammarError('invalid', '', '', 'these are not the bytes of a vocabulary');
}
