/** Llama 2 and 3, Mistral 7B, SmolLM: rotary halves of a head become neighbours, and Llama 3's scaling a tensor of factors. */
import type { Architecture, Config } from '../architecture.ts';
import { decoderNames, decoderValues, rotaryTables } from '../decoder.ts';

export const llama: Architecture = {
  sources: ['LlamaForCausalLM', 'MistralForCausalLM'],
  name: 'llama',
  names: decoderNames,
  dropped: rotaryTables,
  values: config => ({
    ...decoderValues(config),
    vocab_size: config.count('vocab_size'),
    'rope.dimension_count': headDimension(config),
    ...(config.rope.type === 'linear'
      ? { 'rope.scaling.type': 'linear', 'rope.scaling.factor': config.rope.float('factor') }
      : {}),
  }),
  heads(name, config) {
    const part = /\.attn_([qk])\.(weight|bias)$/.exec(name)?.[1];
    const heads = config.count('num_attention_heads', 'n_head');
    if (part === 'q') return heads;
    return part === 'k' ? config.count('num_key_value_heads') || heads : undefined;
  },
  made(config) {
    const factors = ropeFactors(config);
    if (!factors) return [];
    const bytes = new Uint8Array(factors.buffer);
    const data = async function* () {
      yield bytes;
    };
    return [{ name: 'rope_freqs.weight', type: 0, shape: [factors.length], data }];
  },
};

function headDimension(config: Config): number | undefined {
  const [width, heads] = [
    config.count('hidden_size', 'n_embd'),
    config.count('num_attention_heads', 'n_head'),
  ];
  return config.count('head_dim') ?? (width && heads ? Math.floor(width / heads) : undefined);
}

/** Llama 3's scaling, one factor for each pair of a head: long waves are stretched, short ones are not, and between them it is mixed. */
function ropeFactors(config: Config): Float32Array<ArrayBuffer> | undefined {
  const { rope } = config;
  const base = config.float('rope_theta') ?? rope.float('rope_theta');
  const dimension = headDimension(config);
  if (rope.type !== 'llama3' || !base || !dimension || dimension > 1 << 16) return undefined;
  const factor = rope.float('factor')?.float ?? 8;
  const low = rope.float('low_freq_factor')?.float ?? 1;
  const high = rope.float('high_freq_factor')?.float ?? 4;
  const original = rope.count('original_max_position_embeddings') ?? 8192;
  return Float32Array.from({ length: dimension / 2 }, (_, i) => {
    const wave = 2 * Math.PI * base.float ** ((2 * i) / dimension);
    if (wave < original / high) return 1;
    if (wave > original / low) return factor;
    const smooth = (original / wave - low) / (high - low);
    return 1 / ((1 - smooth) / factor + smooth);
  });
}
