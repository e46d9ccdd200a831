/** A model that says what it is told: a one-layer llama with one-hot embeddings, whose output leads from each token to the next. */
import { type Gguf, type GgufValue, sourceFromBytes, type TensorInfo } from '@tabllama/gguf';
import { fileOf } from '../../gguf/test/write.ts';

const width = 320;
const [control, userDefined, byte, normal] = [3, 4, 6, 1];

/**
 * As a header and its weights, and as a `file`. The prompt has to end with `start`, a token of its own in it; then the model says the
 * pieces, each of which may occur once, and ends; a last piece given twice is said for ever. A piece `<0xE2>` is that byte.
 */
export function createParrot(
  pieces: readonly string[],
  metadata: Readonly<Record<string, GgufValue>> = {},
  start = '<go>',
) {
  const vocabulary: [text: string, type: number][] = [
    ['<unk>', 2],
    ['<s>', control],
    ['</s>', control],
  ];
  for (let i = 0; i < 256; i++)
    vocabulary.push([`<0x${i.toString(16).toUpperCase().padStart(2, '0')}>`, byte]);
  const idOf = (text: string) => {
    const known = vocabulary.findIndex(([other]) => other === text.replaceAll(' ', '▁'));
    if (known >= 0) return known;
    return vocabulary.push([text.replaceAll(' ', '▁'), text === start ? userDefined : normal]) - 1;
  };
  const isEndless = pieces.length > 1 && pieces.at(-1) === pieces.at(-2);
  const script = [start, ...(isEndless ? pieces.slice(0, -1) : pieces)].map(idOf);
  const end = idOf(isEndless ? pieces.at(-1)! : '</s>');
  if (new Set(script).size < script.length || vocabulary.length > width) throw new Error('not a script');

  const matrix = (ones: readonly (readonly [row: number, col: number])[]) => {
    const data = new Float32Array(vocabulary.length * width);
    for (const [row, col] of ones) data[row * width + col] = 1;
    return data;
  };
  const parts: Float32Array[] = [];
  const tensors = new Map<string, TensorInfo>();
  const add = (name: string, shape: number[], data = new Float32Array(shape[0] * (shape[1] ?? 1))) => {
    const offset = parts.reduce((sum, part) => sum + part.byteLength, 0);
    parts.push(data);
    tensors.set(name, { name, type: 0, shape, offset, bytes: data.byteLength });
  };
  add('token_embd.weight', [width, vocabulary.length], matrix(vocabulary.map((_, id) => [id, id])));
  const next = [...script.slice(1), end].map((id, i) => [id, script[i]] as const);
  add('output.weight', [width, vocabulary.length], matrix(next));
  for (const name of ['output_norm', 'blk.0.attn_norm', 'blk.0.ffn_norm']) {
    add(`${name}.weight`, [width], new Float32Array(width).fill(1));
  }
  for (const name of ['q', 'k', 'v', 'output']) add(`blk.0.attn_${name}.weight`, [width, width]);
  for (const name of ['gate', 'up']) add(`blk.0.ffn_${name}.weight`, [width, 32]);
  add('blk.0.ffn_down.weight', [32, width]);

  const gguf: Gguf = {
    version: 3,
    alignment: 32,
    dataOffset: 0,
    valueRanges: new Map(),
    tensors,
    metadata: new Map<string, GgufValue>(
      Object.entries({
        'general.architecture': 'llama',
        'llama.context_length': 1024,
        'llama.embedding_length': width,
        'llama.block_count': 1,
        'llama.feed_forward_length': 32,
        'llama.attention.head_count': 8,
        'llama.attention.layer_norm_rms_epsilon': 1e-5,
        'tokenizer.ggml.model': 'llama',
        'tokenizer.ggml.tokens': vocabulary.map(([text]) => text),
        'tokenizer.ggml.scores': Float32Array.from(vocabulary, (_, id) => -id),
        'tokenizer.ggml.token_type': Int32Array.from(vocabulary, ([, type]) => type),
        'tokenizer.ggml.bos_token_id': 1,
        'tokenizer.ggml.eos_token_id': 2,
        'tokenizer.ggml.unknown_token_id': 0,
        'tokenizer.ggml.add_bos_token': true,
        'tokenizer.ggml.add_space_prefix': false,
        ...metadata,
      }),
    ),
  };
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  for (const [i, { offset }] of [...tensors.values()].entries()) {
    bytes.set(new Uint8Array(parts[i].buffer), offset);
  }
  return { gguf, weights: sourceFromBytes(bytes), file: () => fileOf(gguf, bytes) };
}

/** A template that writes `role: content` lines and the token at which the parrot begins. */
export const parrotTemplate =
  '{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}<go>';
