/**
 * Which tensor gets which type when a model is quantized: the rules of llama.cpp (`src/llama-quant.cpp`) for the types that Ollama
 * offers. Tensors that a mixture of types is sensitive to get more bits, by their kind and layer.
 */
import type { TensorInfo } from '@tabllama/gguf';

type Shaped = Pick<TensorInfo, 'name' | 'shape'>;

/** What the rules look at besides names and shapes. */
export interface ModelFacts {
  readonly architecture: string;
  readonly blockCount: number;
  readonly expertCount: number;
}

export interface FileType {
  /** llama.cpp's number, as `general.file_type` has it. */
  readonly id: number;
  /** The type that most tensors get. */
  readonly tensorType: string;
}

/** By the names that `quantize` takes. */
export const fileTypes: ReadonlyMap<string, FileType> = new Map([
  ['F32', { id: 0, tensorType: 'F32' }],
  ['F16', { id: 1, tensorType: 'F16' }],
  ['BF16', { id: 32, tensorType: 'BF16' }],
  ['Q8_0', { id: 7, tensorType: 'Q8_0' }],
  ['Q4_K_S', { id: 14, tensorType: 'Q4_K' }],
  ['Q4_K_M', { id: 15, tensorType: 'Q4_K' }],
]);

/** Small tensors, and those of which every bit counts. */
const kept =
  /_norm\.weight|ffn_gate_inp\.weight|ffn_gate_tid2eid\.weight|altup|laurel|per_layer_model_proj|^(position_embd|token_types)\.weight|ssm_conv1d|shortconv\.conv\.weight|indexer\.[kq]_proj\.weight|time_mix_(first|w[012]|v[012]|a[012]|g[12]|decay_w[12]|lerp_fused)\.weight|attn_rel_b\.weight|\.position_embd|sam\.(pos_embd|neck\.|net_)|\.rel_pos|\.patch_(embd|merger)|a\.rvq\.codebook|mm\.a\.code_embd/;

/** The K types, whose blocks have 256 weights, and what takes their place where rows do not divide into these. */
const fallbacks: Readonly<Record<string, string>> = { Q4_K: 'Q5_0', Q5_K: 'Q5_1', Q6_K: 'Q8_0' };

/** The new types by the tensors' names; those that stay as they are have none. `tensors` are in the order of the new file. */
export function chooseTypes(
  tensors: readonly Shaped[],
  facts: ModelFacts,
  fileType: string,
): Map<string, string> {
  const { tensorType } = fileTypes.get(fileType)!;
  const chosen = new Map<string, string>();
  const isTied = !tensors.some(({ name }) => name === 'output.weight');
  const valueCount = tensors.filter(({ name }) => isValue(name)).length;
  let [values, downs] = [0, 0];
  for (const tensor of tensors) {
    const { name, shape } = tensor;
    const dimensions = shape.findLastIndex(size => size > 1) + 1;
    if (dimensions < 2 || !name.endsWith('weight') || kept.test(name)) continue;
    if (!/^Q/.test(tensorType)) {
      chosen.set(name, tensorType);
      continue;
    }
    let type = tensorType;
    if (name === 'output.weight' || (isTied && isEmbedding(name))) {
      if (facts.architecture === 'falcon' || !fits(type, tensor)) type = 'Q8_0';
      else if (type !== 'Q8_0') type = 'Q6_K';
    } else if (isValue(name)) {
      type = valueType(facts, fileType, [values++, valueCount], type);
    } else if (name.includes('attn_k.weight')) {
      if (facts.expertCount === 8) type = 'Q8_0';
    } else if (name.includes('attn_output.weight')) {
      if (facts.expertCount === 8 && tensorType === 'Q4_K' && facts.architecture !== 'falcon') type = 'Q5_K';
    } else if (name.includes('ffn_down')) {
      const layer = facts.expertCount > 1 ? Number(/^blk\.(\d+)\./.exec(name)?.[1]) : downs;
      type = downType(facts, fileType, layer, type);
      downs++;
    }
    chosen.set(name, fitting(type, tensor));
  }
  return chosen;
}

const fits = (type: string, { shape }: Shaped) => shape[0] % (type in fallbacks ? 256 : 32) === 0;

/** The type, or what takes its place where the rows do not divide into its blocks. */
function fitting(type: string, tensor: Shaped): string {
  if (fits(type, tensor)) return type;
  const fallback = fallbacks[type];
  if (fallback === undefined) {
    const why = `${tensor.name} has rows of ${tensor.shape[0]}`;
    throw new Error(`no tensor type fallback is defined for type ${type.toLowerCase()}: ${why}`);
  }
  return fits(fallback, tensor) ? fallback : 'F16';
}

const isEmbedding = (name: string) => name === 'token_embd.weight' || name === 'per_layer_token_embd.weight';
const isValue = (name: string) => /attn_(qkv|kv_b|v)\.weight/.test(name);

/** The first and the last eighth of the layers, and every third between them. */
const getsMoreBits = (layer: number, count: number) => {
  const eighth = Math.floor(count / 8);
  return layer < eighth || layer >= Math.floor((7 * count) / 8) || (layer - eighth) % 3 === 2;
};

function valueType(facts: ModelFacts, fileType: string, [i, count]: [number, number], type: string): string {
  if (facts.expertCount === 8) return 'Q8_0';
  if (fileType === 'Q4_K_M' && getsMoreBits(i, count)) return 'Q6_K';
  if (fileType === 'Q4_K_S' && i < 4) return 'Q5_K';
  // llama.cpp's 70B: eight heads share these weights, so they are few
  const isLarge = facts.blockCount === 80 && ['llama', 'qwen2'].includes(facts.architecture);
  return isLarge && type === 'Q4_K' ? 'Q5_K' : type;
}

function downType(
  { architecture, blockCount }: ModelFacts,
  fileType: string,
  layer: number,
  type: string,
): string {
  if (fileType === 'Q4_K_M' && architecture === 'falcon') {
    if (layer < Math.floor(blockCount / 16)) return 'Q6_K';
    return getsMoreBits(layer, blockCount) ? 'Q5_K' : type;
  }
  if (fileType === 'Q4_K_M' && getsMoreBits(layer, blockCount)) return 'Q6_K';
  const isFirst = layer < Math.floor(blockCount / 8);
  return fileType === 'Q4_K_S' && architecture !== 'falcon' && isFirst ? 'Q5_K' : type;
}
