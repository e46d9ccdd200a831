/** What llama.cpp's samplers make of a real vector of logits (`fixtures/golden/samplers.json.gz`). */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { SamplingOptions } from '@tabllama/api';
import { createSampler } from '../src/sampler.ts';

export type Filter =
  | { readonly sampler: 'penalties'; last_n: number; repeat: number; frequency: number; presence: number }
  | { readonly sampler: 'top_k'; readonly k: number }
  | { readonly sampler: 'typical_p'; readonly p: number }
  | { readonly sampler: 'top_p'; readonly p: number }
  | { readonly sampler: 'min_p'; readonly p: number }
  | { readonly sampler: 'temperature'; readonly t: number };

export interface FilterCase {
  readonly name: string;
  readonly chain: readonly Filter[];
  readonly kept: number;
  readonly order: string;
  /** Id, logit, probability. */
  readonly candidates: readonly (readonly [number, number | '-Infinity', number])[];
}

interface SamplerGolden {
  readonly history: readonly number[];
  readonly singles: readonly FilterCase[];
  readonly chains: readonly FilterCase[];
  readonly draws: {
    readonly chains: readonly { readonly chain: string; readonly tokens: readonly number[] }[];
    readonly oneGenerator: {
      readonly runs: readonly { readonly seed: number; readonly tokens: readonly number[] }[];
    };
  };
  readonly small: {
    readonly logits: readonly number[];
    readonly history: readonly number[];
    readonly cases: readonly FilterCase[];
    readonly masked: { readonly logits: readonly (number | '-Infinity')[]; readonly case: FilterCase };
  };
  readonly logits: string;
}

export const samplers: SamplerGolden = JSON.parse(
  gunzipSync(readFileSync(new URL('../../../fixtures/golden/samplers.json.gz', import.meta.url))).toString(),
);

/** Logits of a model of 49,152 tokens. */
export const realLogits = new Float32Array(
  Uint8Array.from(gunzipSync(Buffer.from(samplers.logits, 'base64'))).buffer,
);

const find = <T extends Filter['sampler']>(chain: readonly Filter[], sampler: T) =>
  chain.find(filter => filter.sampler === sampler) as Extract<Filter, { sampler: T }> | undefined;

export function optionsOf(chain: readonly Filter[], seed: number): SamplingOptions {
  const penalties = find(chain, 'penalties')!;
  return {
    numPredict: 1,
    numKeep: 0,
    stop: [],
    seed,
    repeatLastN: penalties.last_n,
    repeatPenalty: penalties.repeat,
    frequencyPenalty: penalties.frequency,
    presencePenalty: penalties.presence,
    topK: find(chain, 'top_k')!.k,
    typicalP: find(chain, 'typical_p')!.p,
    topP: find(chain, 'top_p')!.p,
    minP: find(chain, 'min_p')!.p,
    temperature: find(chain, 'temperature')!.t,
  };
}

/** A sampler with the options of a golden chain, which has seen the golden history. */
export const samplerFor = (name: string, seed: number) => {
  const { chain } = samplers.chains.find(golden => golden.name === name)!;
  const sampler = createSampler(realLogits.length, 4096, optionsOf(chain, seed));
  for (const token of samplers.history) sampler.accept(token);
  return sampler;
};
