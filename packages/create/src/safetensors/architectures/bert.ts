/** BERT and its kin, as sentence-transformers keeps them. */
import type { Architecture } from '../architecture.ts';
import { poolingValues, wordPieces } from '../encoder.ts';

export const bert: Architecture = {
  sources: ['BertModel'],
  name: 'bert',
  names: [
    ['encoder.layer', 'blk'],
    ['embeddings.word_embeddings', 'token_embd'],
    ['embeddings.token_type_embeddings', 'token_types'],
    ['embeddings.LayerNorm', 'token_embd_norm'],
    ['embeddings.position_embeddings', 'position_embd'],
    ['attention.self.query', 'attn_q'],
    ['attention.self.key', 'attn_k'],
    ['attention.self.value', 'attn_v'],
    ['attention.output.dense', 'attn_output'],
    ['attention.output.LayerNorm', 'attn_output_norm'],
    ['intermediate.dense', 'ffn_up'],
    ['output.dense', 'ffn_down'],
    ['output.LayerNorm', 'layer_output_norm'],
  ],
  dropped: /^embeddings\.position_ids$|^pooler\.dense\./,
  values: async (config, folder) => ({
    ...(await poolingValues(folder)),
    block_count: config.count('num_hidden_layers', 'n_layers', 'n_layer'),
    context_length: config.count('max_position_embeddings', 'n_ctx'),
    embedding_length: config.count('hidden_size', 'n_embd'),
    feed_forward_length: config.count('intermediate_size', 'n_inner'),
    'attention.head_count': config.count('num_attention_heads', 'n_head'),
    'attention.layer_norm_epsilon': config.float('layer_norm_eps', 'layer_norm_epsilon', 'norm_epsilon'),
  }),
  vocabulary: wordPieces,
};
