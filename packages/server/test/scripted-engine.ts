/** An engine that says a given text, for what no real model does on demand: slow, stuck, failing, lost, and too large. */
import {
  type Delta,
  type Engine,
  type LoadedModel,
  type Message,
  type ModelInfo,
  NoRoomError,
} from '@tabllama/api';

export interface ScriptedEngine extends Engine {
  /** What was asked of it, in order. */
  readonly log: string[];
  /** Loaded models by name. */
  readonly loaded: Map<string, { lose(reason: string): void }>;
  /** Models that were unloaded. */
  readonly unloaded: WeakRef<object>[];
  /** The last request of a generation. */
  last?: unknown;
}

export interface Script {
  /** Pieces of every answer. */
  readonly pieces?: readonly string[];
  /** Every answer whole, in place of `pieces`. */
  readonly deltas?: readonly Delta[];
  /** Models that fit at the same time. */
  readonly room?: number;
  /** Awaited before every piece. */
  readonly beforePiece?: (piece: string, index: number) => Promise<void> | void;
  readonly beforeLoad?: () => Promise<void> | void;
}

const encode = (text: string) => [...new TextEncoder().encode(text)];

export function createScriptedEngine(script: Script = {}): ScriptedEngine {
  const { pieces = ['Hello', ' world'], room = 10 } = script;
  const log: string[] = [];
  const loaded: ScriptedEngine['loaded'] = new Map();
  const unloaded: WeakRef<object>[] = [];

  const engine: ScriptedEngine = {
    name: 'scripted',
    log,
    loaded,
    unloaded,
    supports: () => true,
    estimate: () => ({ device: 1, kvCache: 1 }),
    async load(info, { contextLength }, signal) {
      await script.beforeLoad?.();
      signal?.throwIfAborted();
      if (loaded.size >= room) {
        log.push(`refuse ${info.name}`);
        throw new NoRoomError(`model requires 2 GiB of memory, ${room} models are loaded`);
      }
      log.push(`load ${info.name} ${contextLength}`);
      return model(info, contextLength);
    },
  };

  function model(info: ModelInfo, contextLength: number): LoadedModel {
    const lost = Promise.withResolvers<string>();
    loaded.set(info.name, { lose: lost.resolve });
    let running = 0;

    async function* generate(request: object, prompt: string, signal?: AbortSignal): AsyncGenerator<Delta> {
      engine.last = request;
      if (running++ > 0) throw new Error('two generations at once');
      try {
        if (script.deltas) return yield* script.deltas;
        for (const [index, content] of pieces.entries()) {
          await script.beforePiece?.(content, index);
          signal?.throwIfAborted();
          yield { content };
        }
        const promptTokens = encode(prompt).length;
        yield {
          done: 'stop',
          stats: { promptTokens, cachedTokens: 0, promptNs: 1000, tokens: pieces.length, evalNs: 1000 },
        };
      } finally {
        running--;
        log.push(`end ${info.name}`);
      }
    }
    const render = ({ messages }: { messages: readonly Message[] }) =>
      messages.map(({ role, content }) => `<${role}>${content}`).join('');
    return {
      info,
      contextLength,
      bytes: 1000 + contextLength,
      lost: lost.promise,
      render,
      chat: (request, signal) => generate(request, render(request), signal),
      complete: (request, signal) => generate(request, request.prompt, signal),
      embed: async inputs => ({
        vectors: inputs.map(input => Float32Array.of(input.length, 2, 1, 0)),
        promptTokens: inputs.reduce((sum, input) => sum + encode(input).length, 0),
      }),
      tokenize: encode,
      detokenize: tokens => new TextDecoder().decode(new Uint8Array(tokens)),
      async [Symbol.asyncDispose]() {
        loaded.delete(info.name);
        unloaded.push(new WeakRef(this));
        log.push(`unload ${info.name}`);
      },
    };
  }
  return engine;
}
