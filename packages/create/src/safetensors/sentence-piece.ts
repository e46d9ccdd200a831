/** The vocabulary of a `tokenizer.model`: a protobuf message of google/sentencepiece (`sentencepiece_model.proto`). */

export interface Piece {
  readonly text: string;
  readonly score: number;
  /** 1 normal, 2 unknown, 3 control, 4 user defined, 5 unused, 6 byte: as in a GGUF. */
  readonly type: number;
}

const [VARINT, FIXED64, BYTES, FIXED32] = [0, 1, 2, 5];

/** A field of a message: a number, or bytes where it has a length. */
type Value = number | Uint8Array;

/** Throws Error for bytes that are no such message. */
export function readSentencePieces(bytes: Uint8Array): Piece[] {
  const pieces: Piece[] = [];
  for (const [field, value] of fieldsOf(bytes)) {
    if (field !== 1 || typeof value === 'number') continue;
    let piece: Piece = { text: '', score: 0, type: 1 };
    for (const [inner, of] of fieldsOf(value)) {
      if (inner === 1 && typeof of !== 'number') piece = { ...piece, text: new TextDecoder().decode(of) };
      if (inner === 2 && typeof of === 'number') piece = { ...piece, score: asFloat(of) };
      if (inner === 3 && typeof of === 'number') piece = { ...piece, type: of };
    }
    if (piece.type < 1 || piece.type > 6) throw new Error(`tokenizer.model: a piece of type ${piece.type}`);
    pieces.push(piece);
  }
  return pieces;
}

function* fieldsOf(bytes: Uint8Array): Generator<[field: number, value: Value]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const need = (count: number) => {
    if (count > bytes.length - at) throw new Error('tokenizer.model: the file ends within a field');
  };
  const varint = () => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      need(1);
      const byte = bytes[at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    throw new Error('tokenizer.model: a number without an end');
  };
  while (at < bytes.length) {
    const tag = varint();
    const [field, wire] = [Math.floor(tag / 8), tag % 8];
    if (wire === VARINT) {
      yield [field, varint()];
    } else if (wire === BYTES) {
      const length = varint();
      need(length);
      yield [field, bytes.subarray(at, at + length)];
      at += length;
    } else if (wire === FIXED32 || wire === FIXED64) {
      const length = wire === FIXED32 ? 4 : 8;
      need(length);
      yield [field, view.getUint32(at, true)];
      at += length;
    } else {
      throw new Error(`tokenizer.model: a field of kind ${wire}`);
    }
  }
}

const asFloat = (bits: number) => new Float32Array(Uint32Array.of(bits).buffer)[0];
