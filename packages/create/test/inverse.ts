/** GGUF models as the folders that they could have been converted from: other names, halves of heads one after another, a protobuf. */
import type { Gguf, GgufValue } from '@tabllama/gguf';
import { bytesOf, type Files, safetensors } from './files.ts';

interface Model {
  readonly bytes: Uint8Array;
  readonly gguf: Gguf;
}

const F32 = 'F32';

export function storiesFolder(model: Model): Files {
  const { metadata } = model.gguf;
  const of = (key: string) => metadata.get(`llama.${key}`) as number;
  const heads = { q: of('attention.head_count'), k: of('attention.head_count_kv') };
  const names = [
    ['token_embd', 'model.embed_tokens'],
    ['output_norm', 'model.norm'],
    ['blk', 'model.layers'],
    ['attn_norm', 'input_layernorm'],
    ['ffn_norm', 'post_attention_layernorm'],
    ['attn_output', 'self_attn.o_proj'],
    ['attn_', 'self_attn.'],
    ['ffn_', 'mlp.'],
  ] as const;
  const rename = (name: string) =>
    names
      .reduce((text, [from, to]) => text.replace(from, to), name)
      .replace(/(self_attn\.[qkv]|mlp\.\w+)\.weight/, '$1_proj.weight');
  return {
    'config.json': {
      architectures: ['LlamaForCausalLM'],
      hidden_size: of('embedding_length'),
      num_hidden_layers: of('block_count'),
      intermediate_size: of('feed_forward_length'),
      num_attention_heads: heads.q,
      num_key_value_heads: heads.k,
      max_position_embeddings: of('context_length'),
      rms_norm_eps: of('attention.layer_norm_rms_epsilon'),
      rope_theta: of('rope.freq_base') ?? 10000,
    },
    'tokenizer.model': sentencePieces(metadata),
    'model.safetensors': file(model, rename, (name, data, rows) => {
      const part = /attn_([qk])\.weight/.exec(name)?.[1] as 'q' | 'k' | undefined;
      return part ? halves(data, rows, heads[part]) : data;
    }),
  };
}

export function nomicFolder(model: Model): Files {
  const { metadata } = model.gguf;
  const of = (key: string) => metadata.get(`nomic-bert.${key}`) as number;
  const names = [
    ['token_embd_norm', 'emb_ln'],
    ['token_embd', 'embeddings.word_embeddings'],
    ['token_types', 'embeddings.token_type_embeddings'],
    ['blk', 'encoder.layers'],
    ['attn_output_norm', 'norm1'],
    ['layer_output_norm', 'norm2'],
    ['attn_qkv', 'attn.Wqkv'],
    ['attn_output', 'attn.out_proj'],
    ['ffn_up', 'mlp.fc11'],
    ['ffn_gate', 'mlp.fc12'],
    ['ffn_down', 'mlp.fc2'],
  ] as const;
  const tokens = metadata.get('tokenizer.ggml.tokens') as string[];
  const own = (text: string) => {
    if (/^\[.*\]$/.test(text)) return text;
    return text.startsWith('\u2581') ? text.slice(1) : `##${text}`;
  };
  const pooling = ['none', 'mean_tokens', 'cls_token'][of('pooling_type')];
  return {
    'config.json': {
      architectures: ['NomicBertModel'],
      n_embd: of('embedding_length'),
      n_layer: of('block_count'),
      n_inner: of('feed_forward_length'),
      n_head: of('attention.head_count'),
      n_positions: of('context_length'),
      layer_norm_epsilon: of('attention.layer_norm_epsilon'),
      rotary_emb_base: of('rope.freq_base'),
    },
    'modules.json': [{ type: 'sentence_transformers.models.Pooling', path: '1_Pooling' }],
    '1_Pooling/config.json': { [`pooling_mode_${pooling}`]: true },
    'tokenizer.json': {
      model: { type: 'WordPiece', vocab: Object.fromEntries(tokens.map((text, id) => [own(text), id])) },
    },
    'model.safetensors': file(model, name =>
      names.reduce((text, [from, to]) => text.replace(from, to), name),
    ),
  };
}

function file(
  model: Model,
  rename: (name: string) => string,
  change: (name: string, data: Uint8Array, rows: number) => Uint8Array = (_, data) => data,
): Uint8Array {
  const header: Record<string, object> = {};
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const { name, shape, bytes } of model.gguf.tensors.values()) {
    header[rename(name)] = { dtype: F32, shape: shape.toReversed(), data_offsets: [at, at + bytes] };
    parts.push(change(name, bytesOf(model, name), shape[1]));
    at += bytes;
  }
  return safetensors(header, new Uint8Array(Buffer.concat(parts)));
}

/** Neighbouring rows of each head as its first and its second half. */
function halves(data: Uint8Array, rows: number, heads: number): Uint8Array {
  const [row, perHead] = [data.length / rows, rows / heads];
  const out = new Uint8Array(data.length);
  for (let i = 0; i < rows; i++) {
    const [head, within] = [Math.floor(i / perHead), i % perHead];
    const to = head * perHead + (within % 2) * (perHead / 2) + Math.floor(within / 2);
    out.set(data.subarray(i * row, (i + 1) * row), to * row);
  }
  return out;
}

function sentencePieces(metadata: ReadonlyMap<string, GgufValue>): Uint8Array {
  const [tokens, scores, types] = ['tokens', 'scores', 'token_type'].map(
    key => metadata.get(`tokenizer.ggml.${key}`) as ArrayLike<string | number>,
  );
  const parts = Array.from(tokens, (token, id) => {
    const text = Buffer.from(String(token));
    const score = Buffer.from(Float32Array.of(Number(scores[id])).buffer);
    const piece = Buffer.concat([
      Buffer.of(10, text.length),
      text,
      Buffer.of(21),
      score,
      Buffer.of(24, Number(types[id])),
    ]);
    return Buffer.concat([Buffer.of(10, piece.length), piece]);
  });
  return new Uint8Array(Buffer.concat(parts));
}
