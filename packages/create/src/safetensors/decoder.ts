/** What the decoders have in common: names of tensors, and what their config.json says. */
import type { Config, Values } from './architecture.ts';

export const decoderNames = [
  ['lm_head', 'output'],
  ['model.embed_tokens', 'token_embd'],
  ['model.layers', 'blk'],
  ['model.norm', 'output_norm'],
  ['input_layernorm', 'attn_norm'],
  ['post_attention_layernorm', 'ffn_norm'],
  ['self_attn.q_proj', 'attn_q'],
  ['self_attn.k_proj', 'attn_k'],
  ['self_attn.v_proj', 'attn_v'],
  ['self_attn.o_proj', 'attn_output'],
  ['self_attn.q_norm', 'attn_q_norm'],
  ['self_attn.k_norm', 'attn_k_norm'],
  ['mlp.gate_proj', 'ffn_gate'],
  ['mlp.up_proj', 'ffn_up'],
  ['mlp.down_proj', 'ffn_down'],
] as const;

/** Tables that old checkpoints hold, which follow from the config. */
export const rotaryTables = /\.rotary_emb\.inv_freq$/;

export function decoderValues(config: Config): Values {
  return {
    block_count: config.count('num_hidden_layers', 'n_layers', 'n_layer'),
    context_length: config.count('max_position_embeddings', 'n_ctx'),
    embedding_length: config.count('hidden_size', 'n_embd'),
    feed_forward_length: config.count('intermediate_size', 'n_inner'),
    'attention.head_count': config.count('num_attention_heads', 'n_head'),
    'attention.head_count_kv': config.count('num_key_value_heads'),
    'attention.key_length': config.count('head_dim'),
    'attention.value_length': config.count('head_dim'),
    'attention.layer_norm_rms_epsilon': config.float('rms_norm_eps'),
    'rope.freq_base': config.float('rope_theta') ?? config.rope.float('rope_theta'),
  };
}

/** Scaling of the rotary positions as Qwen's configs have it. Throws Error for a kind that Ollama does not know. */
export function qwenRope({ rope }: Config): Values {
  if (rope.type === 'yarn') {
    return { 'rope.scaling.type': 'yarn', 'rope.scaling.factor': rope.float('factor') };
  }
  if (!['', 'default', 'mrope'].includes(rope.type)) throw new Error('unknown rope scaling type');
  return {};
}
