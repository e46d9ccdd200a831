/** Ollama's `options`: their names, types and defaults, and what becomes of them. Unknown names are ignored, as Ollama does. */
import { type SamplingOptions, StatusError } from '@tabllama/api';
import { quote } from './go-text.ts';

type Kind = 'integer' | 'float32' | 'boolean' | 'strings';

/** Options that Ollama knows. Those that only place a model on its hardware are checked and have no effect here. */
const kinds: Readonly<Record<string, Kind>> = {
  num_ctx: 'integer',
  num_batch: 'integer',
  num_gpu: 'integer',
  main_gpu: 'integer',
  use_mmap: 'boolean',
  num_thread: 'integer',
  draft_num_predict: 'integer',
  num_keep: 'integer',
  seed: 'integer',
  num_predict: 'integer',
  top_k: 'integer',
  top_p: 'float32',
  min_p: 'float32',
  typical_p: 'float32',
  repeat_last_n: 'integer',
  temperature: 'float32',
  repeat_penalty: 'float32',
  presence_penalty: 'float32',
  frequency_penalty: 'float32',
  stop: 'strings',
};

const defaults = {
  num_ctx: 4096,
  num_keep: 4,
  seed: -1,
  num_predict: -1,
  top_k: 40,
  top_p: 0.9,
  min_p: 0,
  typical_p: 1,
  repeat_last_n: 64,
  temperature: 0.8,
  repeat_penalty: 1,
  presence_penalty: 0,
  frequency_penalty: 0,
  stop: [] as readonly string[],
};

const MIN_CONTEXT = 4; // Ollama's floor of num_ctx

export interface ResolvedOptions {
  /** Context window in tokens: `num_ctx`, at least 4 and at most what the model was trained for. */
  readonly contextLength: number;
  /** `num_ctx` as it was asked for, by which Ollama measures texts of which it makes vectors. */
  readonly numCtx: number;
  readonly sampling: SamplingOptions;
}

/**
 * Request over model parameters over defaults. `trained` is the model's own context length, where it says one. Throws StatusError
 * 500, as Ollama does, for an option of a wrong type.
 */
export function resolveOptions(
  request: Readonly<Record<string, unknown>> = {},
  model: Readonly<Record<string, unknown>> = {},
  trained = Number.POSITIVE_INFINITY,
): ResolvedOptions {
  const value = { ...defaults, ...checked(model), ...checked(request) };
  const contextLength = Math.min(Math.max(value.num_ctx, MIN_CONTEXT), trained);
  const most = 10 * contextLength;
  return {
    contextLength,
    numCtx: value.num_ctx,
    sampling: {
      // 0 is "no limit" in Ollama, and like every other absence of a limit it ends at ten contexts.
      numPredict: value.num_predict > 0 ? Math.min(value.num_predict, most) : most,
      numKeep: value.num_keep,
      seed: seedOf(value.seed),
      temperature: value.temperature,
      topK: value.top_k,
      topP: value.top_p,
      minP: value.min_p,
      typicalP: value.typical_p,
      repeatLastN: value.repeat_last_n < 0 ? contextLength : value.repeat_last_n,
      repeatPenalty: value.repeat_penalty,
      presencePenalty: value.presence_penalty,
      frequencyPenalty: value.frequency_penalty,
      stop: value.stop,
    },
  };
}

/** The low 32 bits, as for llama.cpp; all of them set, as in -1, ask for a seed of chance. */
function seedOf(seed: number): number {
  const low = BigInt.asUintN(32, BigInt(seed));
  return low === 0xffff_ffffn ? crypto.getRandomValues(new Uint32Array(1))[0] : Number(low);
}

/** The options that are known and not null, each of its type. */
function checked(options: Readonly<Record<string, unknown>>): Partial<typeof defaults> {
  const known = Object.entries(options).filter(
    ([name, value]) => Object.hasOwn(kinds, name) && value !== null && value !== undefined,
  );
  return Object.fromEntries(known.map(([name, value]) => [name, check(name, kinds[name], value)]));
}

function check(name: string, kind: Kind, value: unknown): unknown {
  const wrong = (type: string) => new StatusError(500, `option ${quote(name)} must be of ${type}`);
  switch (kind) {
    case 'integer':
      if (typeof value !== 'number') throw wrong('type integer');
      return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, Math.trunc(value)));
    case 'float32':
      if (typeof value !== 'number') throw wrong('type float32');
      return value;
    case 'boolean':
      if (typeof value !== 'boolean') throw wrong('type boolean');
      return value;
    case 'strings':
      if (!Array.isArray(value)) throw wrong('type array');
      if (value.some(item => typeof item !== 'string')) throw wrong('an array of strings');
      return value;
    default:
      return kind satisfies never;
  }
}
