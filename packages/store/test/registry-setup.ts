/** What the tests of registries begin with. */
import 'fake-indexeddb/auto';
import type { Progress, StatusError } from '@tabllama/api';
import { expect } from 'vitest';
import { createStore, type StoreOptions } from '../src/index.ts';
import { collect, freshName, name, readAll, tiny } from './helpers.ts';
import { type RegistryServer, startRegistry } from './registry-server.ts';

export const config = JSON.stringify({
  model_format: 'gguf',
  model_family: 'llama',
  model_families: ['llama'],
  model_type: '260K',
  file_type: 'Q8_0',
});

/** A registry and a store that pulls from it, and pushes to it, without TLS. */
export async function setup(options: Partial<StoreOptions> = {}) {
  const registry = await startRegistry();
  const database = freshName();
  const store = createStore({ base: 'http://localhost/', database, retryMs: 1, ...options });
  const full = (model: string) => name(`${registry.host}/library/${model}`);
  const insecure = { insecure: true };
  return {
    registry,
    database,
    store,
    full,
    pull: (model = 'tiny:1', signal?: AbortSignal) => collect(store.pull(full(model), insecure, signal)),
    push: (model: string) => collect(store.push(full(model), insecure)),
    bytes: async (model = 'tiny:1') => readAll((await store.open((await store.find(full(model)))!)).weights),
    [Symbol.asyncDispose]: registry[Symbol.asyncDispose],
  };
}

/** Publishes `library/tiny:1`; returns the manifest. */
export function publish(registry: RegistryServer, weights = tiny, space?: number): string {
  const layers = [
    registry.layer('model', weights),
    registry.layer('template', '{{ .Prompt }}'),
    registry.layer('params', '{"stop":["END"]}'),
    registry.layer('config', config),
  ];
  return registry.publish('library/tiny:1', layers, space);
}

export const errorOf = (work: Promise<unknown>): Promise<StatusError> =>
  work.then(
    () => expect.fail('it succeeded'),
    reason => reason,
  );
/** The line of a blob that is here. */
export const full = (digest: string, size: number): Progress => ({
  status: `pulling ${digest.slice(7, 19)}`,
  digest,
  total: size,
  completed: size,
});
