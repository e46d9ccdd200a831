/** nomic-embed-text: names as its own code has them, which llama.cpp reads, not those of Ollama's mapping, which knows none of them. */
import type { Architecture } from '../architecture.ts';
import { poolingValues, wordPieces } from '../encoder.ts';

export const nomicBert: Architecture = {
  sources: ['NomicBertModel'],
  name: 'nomic-bert',
  names: [
    ['encoder.layers', 'blk'],
    ['embeddings.word_embeddings', 'token_embd'],
    ['embeddings.token_type_embeddings', 'token_types'],
    ['emb_ln', 'token_embd_norm'],
    ['attn.Wqkv', 'attn_qkv'],
    ['attn.out_proj', 'attn_output'],
    ['norm1', 'attn_output_norm'],
    ['mlp.fc11', 'ffn_up'],
    ['mlp.fc12', 'ffn_gate'],
    ['mlp.fc2', 'ffn_down'],
    ['norm2', 'layer_output_norm'],
  ],
  values: async (config, folder) => ({
    ...(await poolingValues(folder)),
    block_count: config.count('n_layer'),
    context_length: config.count('max_trained_positions', 'n_positions'),
    embedding_length: config.count('n_embd'),
    feed_forward_length: config.count('n_inner'),
    'attention.head_count': config.count('n_head'),
    'attention.layer_norm_epsilon': config.float('layer_norm_epsilon'),
    'rope.freq_base': config.float('rotary_emb_base'),
  }),
  vocabulary: wordPieces,
};
