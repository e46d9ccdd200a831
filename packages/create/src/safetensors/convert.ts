/**
 * A folder of safetensors files as a model to be written: names, types and metadata as Ollama's converter has them (`convert/` in
 * ollama/ollama). Nothing but headers and small files is read before the model is written.
 */
import { encodeFloat, encodeValue, type GgufValue, type NewTensor } from '@tabllama/gguf';
import type { NewModel } from '../new-model.ts';
import { byLayer, withFileType } from '../quantize.ts';
import { readNeighbours, readPieces, recode } from '../recode.ts';
import { type Architecture, type Config, readConfig, type Value } from './architecture.ts';
import { bert } from './architectures/bert.ts';
import { llama } from './architectures/llama.ts';
import { nomicBert } from './architectures/nomic-bert.ts';
import { qwen2 } from './architectures/qwen2.ts';
import { qwen3 } from './architectures/qwen3.ts';
import { asObject, type Folder } from './folder.ts';
import { readSafetensors, type SourceTensor } from './header.ts';
import { readTokenizer, type Tokenizer } from './tokenizer.ts';

const architectures: readonly Architecture[] = [llama, qwen2, qwen3, bert, nomicBert];

const [F32, F16, BF16] = [0, 1, 30];
const types: Readonly<Record<string, number>> = { F32, F16, BF16 };
/** llama.cpp's number of the file type that Ollama says, also of weights that stay BF16. */
const fileTypeF16 = 1;
const MAX_HEAD = 1 << 26; // bytes
const MAX_VOCABULARY = 1 << 24;
/** The type of a token, as a GGUF has it. */
const USER_DEFINED = 4;

/** Throws Error, in Ollama's words where it refuses the same. */
export async function convertSafetensors(folder: Folder, signal: AbortSignal): Promise<NewModel> {
  const json = asObject(await folder.json('config.json'));
  const [source] = Array.isArray(json.architectures) ? json.architectures : [];
  if (typeof source !== 'string') throw new Error('unknown architecture');
  const architecture = architectures.find(({ sources }) => sources.includes(source));
  if (!architecture) throw new Error(`unsupported architecture ${JSON.stringify(source)}`);
  const config = readConfig(json);
  const values = await architecture.values(config, folder);
  const tokenizer = await readTokenizer(folder);
  const metadata = new Map<string, GgufValue | Value>([['general.architecture', architecture.name]]);
  for (const [key, value] of Object.entries(values)) {
    if (value !== undefined) metadata.set(`${architecture.name}.${key}`, value);
  }
  for (const entry of tokenizerValues(architecture, tokenizer, config)) metadata.set(...entry);
  const sorted = [...metadata].sort(([a], [b]) => (a < b ? -1 : 1));
  const encoded = new Map(sorted.map(([key, value]) => [key, encode(value)]));

  const progress = { size: 0, completed: 0 };
  const tensors = architecture.made?.(config) ?? [];
  for (const tensor of await readAll(folder, signal)) {
    if (architecture.dropped?.test(tensor.name)) continue;
    tensors.push(converted(tensor, architecture, config, progress));
    progress.size += tensor.bytes;
  }
  const names = new Set<string>();
  for (const { name } of tensors) {
    if (names.has(name)) throw new Error(`duplicate tensor name '${name}' was found for this model`);
    names.add(name);
  }
  return {
    facts: { architecture: architecture.name, blockCount: Number(values.block_count ?? 0), expertCount: 0 },
    fileType: 'F16',
    values: withFileType(encoded, fileTypeF16),
    tensors: tensors.sort(byLayer),
    alignment: 32,
    source: progress,
  };
}

/** Tensors of all files. A file that the index names has to be there. */
async function readAll(folder: Folder, signal: AbortSignal): Promise<SourceTensor[]> {
  const paths = new Set(folder.paths.filter(path => /^[^/]*\.safetensors$/.test(path)));
  const index = 'model.safetensors.index.json';
  if (folder.has(index)) {
    const { weight_map } = asObject(await folder.json(index));
    for (const path of Object.values(asObject(weight_map))) paths.add(String(path));
  }
  if (paths.size === 0) throw new Error('unknown tensor format');
  const tensors: SourceTensor[] = [];
  for (const path of paths) tensors.push(...(await readSafetensors(await folder.source(path), path, signal)));
  return tensors;
}

function converted(
  { name: ownName, dtype, shape, source, offset, bytes }: SourceTensor,
  { names, heads }: Architecture,
  config: Config,
  progress: NewModel['source'],
): NewTensor {
  const type = types[dtype];
  if (type === undefined) throw new Error(`unknown data type: ${dtype}`);
  const name = renamed(ownName, names);
  const isSmall = shape.length === 1 || /\.bias$|\.ffn_gate_inp\.weight$|^token_types\.weight$/.test(name);
  const target = isSmall ? F32 : dtype === 'BF16' ? BF16 : F16;
  const onRead = (read: number) => {
    progress.completed += read;
  };
  const tensor = { name, type, shape: shape.toReversed(), offset, bytes };
  const headCount = heads?.(name, config);
  if (headCount !== undefined) checkHeads(tensor, shape[0], headCount);
  const pieces = () =>
    headCount === undefined
      ? readPieces(source, tensor, onRead)
      : readNeighbours(source, tensor, [headCount, shape[0]], onRead);
  const asItIs: NewTensor = { name, type, shape: tensor.shape, data: pieces };
  return type === target ? asItIs : { ...asItIs, type: target, data: () => recode(asItIs, target) };
}

function checkHeads({ name, bytes }: { name: string; bytes: number }, rows: number, heads: number): void {
  if (rows % (2 * heads) !== 0) throw new Error(`tensor ${name}: ${rows} rows of ${heads} heads`);
  if (bytes / heads > MAX_HEAD) throw new Error(`tensor ${name}: heads of ${bytes / heads} bytes`);
}

function renamed(name: string, names: Architecture['names']): string {
  const parts = new RegExp(names.map(([from]) => from.replaceAll('.', '\\.')).join('|'), 'g');
  const to = new Map(names);
  return name.replaceAll(parts, part => to.get(part)!);
}

function* tokenizerValues(
  architecture: Architecture,
  tokenizer: Tokenizer,
  config: Config,
): Generator<[string, GgufValue]> {
  const { model, tokens, scores, types, ids } = architecture.vocabulary?.(tokenizer) ?? {
    ...tokenizer.vocabulary,
    ids: tokenizer.ids,
  };
  const size = config.count('vocab_size') ?? tokens.length;
  if (size > MAX_VOCABULARY) throw new Error(`config.json: vocab_size is ${size}`);
  for (let i = 0; tokens.length < size; i++) {
    tokens.push(`[PAD${i}]`);
    scores.push(-1);
    types.push(USER_DEFINED);
  }
  yield* tokenizer.values;
  yield ['tokenizer.ggml.model', model];
  yield ['tokenizer.ggml.tokens', tokens];
  yield ['tokenizer.ggml.scores', Float32Array.from(scores)];
  yield ['tokenizer.ggml.token_type', Int32Array.from(types)];
  for (const [role, id] of ids) yield [`tokenizer.ggml.${role}_token_id`, id];
  if (model === 'bert') yield ['tokenizer.ggml.token_type_count', config.count('type_vocab_size') ?? 2];
}

const encode = (value: GgufValue | Value) =>
  typeof value === 'object' && 'float' in value ? encodeFloat(value.float) : encodeValue(value);
