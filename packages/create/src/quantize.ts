/** `quantize` of create: what Ollama refuses, and the same model with its weights in other types. */
import { modelConfig, StatusError } from '@tabllama/api';
import { encodeValue, tensorTypes } from '@tabllama/gguf';
import type { StoredModel } from './base.ts';
import type { NewModel } from './new-model.ts';
import { readPieces, recode } from './recode.ts';
import { chooseTypes, fileTypes } from './tensor-types.ts';

const unquantized = ['F16', 'BF16', 'F32'];
/** Of blocks and the like, as ggml writes it beside a quantized file's type. */
const quantizationVersion = 2;
const idOf = new Map(Array.from(tensorTypes, ([id, { name }]) => [name, id]));

/** A model that is to be written, and what is said meanwhile. */
interface Remade {
  readonly made: NewModel;
  readonly status: string;
}

/** The model with weights of the type that is asked for; one that is stored and has that type already stays what it is. Throws StatusError. */
export async function remade(
  model: StoredModel | NewModel,
  quantize: string | undefined,
  signal: AbortSignal,
): Promise<StoredModel | Remade> {
  const isStored = 'gguf' in model;
  const type = isStored ? modelConfig(model.gguf).file_type : model.fileType;
  const wanted = quantize ? checkedType(quantize.toUpperCase(), type) : type;
  if (wanted === type) return isStored ? model : { made: model, status: 'validating GGUF model' };
  const made = quantized(isStored ? await copied(model, signal) : model, wanted);
  return { made, status: `quantizing ${type} model to ${wanted}` };
}

/** The file type that is asked for. Throws StatusError where Ollama makes none of weights that are `from`. */
function checkedType(quantize: string, from: string): string {
  const wanted = quantize === 'Q4_K' ? 'Q4_K_M' : quantize;
  if (!fileTypes.has(wanted)) {
    const known = 'F32, F16, Q4_K_S, Q4_K_M, Q8_0';
    throw new StatusError(500, `unsupported quantization type ${quantize} - supported types are ${known}`);
  }
  if (!unquantized.includes(from)) {
    throw new StatusError(500, 'quantization is only supported for F16, BF16 and F32 models');
  }
  return wanted;
}

/** A stored model as one that is to be written, its tensors in llama.cpp's order. */
export async function copied({ gguf, weights }: StoredModel, signal: AbortSignal): Promise<NewModel> {
  const values = new Map<string, Uint8Array>();
  for (const [key, { offset, bytes }] of gguf.valueRanges) {
    if (gguf.metadata.has(key)) values.set(key, await weights.read(offset, bytes, signal));
  }
  const tensors = [...gguf.tensors.values()].sort(byLayer);
  const source = { size: tensors.reduce((sum, { bytes }) => sum + bytes, 0), completed: 0 };
  const onRead = (bytes: number) => {
    source.completed += bytes;
  };
  const { metadata } = gguf;
  const architecture = String(metadata.get('general.architecture'));
  const number = (key: string) => Number(metadata.get(`${architecture}.${key}`) ?? 0);
  return {
    facts: { architecture, blockCount: number('block_count'), expertCount: number('expert_count') },
    fileType: modelConfig(gguf).file_type,
    values,
    tensors: tensors.map(tensor => ({ ...tensor, data: () => readPieces(weights, tensor, onRead) })),
    alignment: gguf.alignment,
    source,
  };
}

/** What stands outside of the layers comes first, then the layers one after another, each in the order of the names. */
export function byLayer(a: { readonly name: string }, b: { readonly name: string }): number {
  const layerOf = ({ name }: typeof a) => Number(/^blk\.(\d+)\./.exec(name)?.[1] ?? -1);
  return layerOf(a) - layerOf(b) || (a.name < b.name ? -1 : 1);
}

/** The model with the types that a file of `fileType` has; what is not quantized stays as it is. */
export function quantized(model: NewModel, fileType: string): NewModel {
  const chosen = chooseTypes(model.tensors, model.facts, fileType);
  const tensors = model.tensors.map(tensor => {
    const type = idOf.get(chosen.get(tensor.name) ?? '') ?? tensor.type;
    return type === tensor.type ? tensor : { ...tensor, type, data: () => recode(tensor, type) };
  });
  return { ...model, fileType, values: withFileType(model.values, fileTypes.get(fileType)!.id), tensors };
}

/** The metadata, at its end the two keys that say what the weights are. */
export function withFileType(
  values: ReadonlyMap<string, Uint8Array>,
  fileType: number,
): Map<string, Uint8Array> {
  const changed = new Map(values);
  for (const [key, value] of [
    ['general.quantization_version', quantizationVersion],
    ['general.file_type', fileType],
  ] as const) {
    changed.delete(key);
    changed.set(key, encodeValue(value));
  }
  return changed;
}
