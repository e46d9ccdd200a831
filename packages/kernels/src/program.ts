/** A model's forward pass on the device: its buffers, its plans, and the loop that replays them. */
import { type Buffers, bufferBytes, cacheBytes, type ModelShape } from './buffers.ts';
import type { Device } from './device.ts';
import { countPartials } from './matvec.ts';
import type { Ops } from './ops.ts';
import { createPlan, type Plan } from './plan.ts';
import { recordDecode } from './record-decode.ts';
import { recordPrefill } from './record-prefill.ts';
import type { Recording } from './recorder.ts';
import {
  type Chain,
  DRAWS,
  type Mask,
  recordSampling,
  writeChain,
  writeDraws,
  writeMask,
} from './sampling.ts';
import type { GpuWeight } from './upload.ts';

export interface ProgramOptions {
  readonly shape: ModelShape;
  readonly contextLength: number;
  /** [contextLength][ropeDim/2] cosine, sine. */
  readonly rope: Float32Array<ArrayBuffer>;
  /** Every matrix of the model. */
  readonly weights: Iterable<GpuWeight>;
  /** The architecture's forward pass, called with recording ops. */
  readonly forward: (ops: Ops<GPUBuffer, GpuWeight>) => void;
}

export interface Program {
  /** See `Runner` of the models room, which these are. */
  prefill(tokens: readonly number[], position: number, signal?: AbortSignal): Promise<number>;
  logits(): Promise<Float32Array>;
  decode(token: number, position: number): Promise<Float32Array>;
  sample(position: number, chain: Chain): AsyncGenerator<number, void, undefined>;
}

// GPUBufferUsage and GPUMapMode, whose globals a runtime may lack
const STORAGE = 0x80;
const UNIFORM = 0x40;
const COPY_DST = 0x08;
const COPY_SRC = 0x04;
const MAP_READ = 0x01;
const READ = 0x01;

/** Decode steps under way at once in `sample`: the device works on one while the host reads the one before. */
const DEPTH = 2;

/** Bytes of everything but weights, on the device. */
export const programBytes = (shape: ModelShape, layout: Device['layout'], contextLength: number): number => {
  const buffers = Object.values(bufferBytes(shape, layout, contextLength)).reduce((a, b) => a + b, 0);
  return buffers + 2 * shape.blockCount * cacheBytes(shape, contextLength) + shape.vocabSize * 4;
};

/** Allocates, records and compiles; its buffers are for who opened the device's arena to free. Rejects with DeviceError when a kernel does not compile. */
export async function createProgram(device: Device, options: ProgramOptions): Promise<Program> {
  const { shape, contextLength, forward } = options;
  const { gpu, layout } = device;
  const { queue } = gpu;
  const everything = STORAGE | UNIFORM | COPY_DST | COPY_SRC;
  const cache = () =>
    Array.from({ length: shape.blockCount }, (_, i) =>
      device.createBuffer(`KV cache ${i}`, cacheBytes(shape, contextLength), everything),
    );
  const buffers = {
    ...Object.fromEntries(
      Object.entries(bufferBytes(shape, layout, contextLength)).map(([name, bytes]) => [
        name,
        device.createBuffer(name, bytes, everything),
      ]),
    ),
    keys: cache(),
    values: cache(),
  } as unknown as Buffers;
  const logitsOut = device.createBuffer('logits for the host', shape.vocabSize * 4, MAP_READ | COPY_DST);
  const tokenOut = Array.from({ length: DEPTH }, () =>
    device.createBuffer('token for the host', 16, MAP_READ | COPY_DST),
  );
  queue.writeBuffer(buffers.rope, 0, options.rope);

  const partials = countPartials(shape, layout, options.weights);
  const recording: Recording = { shape, layout, contextLength, buffers, partials };
  const decodeRecorder = recordDecode(recording);
  const prefillRecorder = recordPrefill(recording);
  forward(decodeRecorder.ops);
  forward(prefillRecorder.ops);
  const plans = await Promise.all(
    [
      decodeRecorder.body,
      decodeRecorder.head,
      prefillRecorder.body,
      prefillRecorder.head,
      recordSampling(shape.vocabSize, layout, buffers),
    ].map(dispatches => createPlan(device, dispatches)),
  );
  const [stepPlan, headPlan, tilePlan, lastRowPlan, samplePlan] = plans;

  /** Replays plans in one submit, then copies what the host wants to see. */
  const submit = (plans: readonly Plan[], tokens: number, copy?: [GPUBuffer, GPUBuffer]) => {
    const encoder = gpu.createCommandEncoder();
    if (plans.length > 0) {
      const pass = encoder.beginComputePass();
      for (const each of plans) each.replay(pass, tokens);
      pass.end();
    }
    if (copy) encoder.copyBufferToBuffer(copy[0], 0, copy[1], 0, Math.min(copy[0].size, copy[1].size));
    queue.submit([encoder.finish()]);
  };
  const state = new Uint32Array(4);
  const writeState = (token: number, position: number, tokens: number) => {
    state.set([token, position, 0, tokens]);
    queue.writeBuffer(buffers.state, 0, state);
  };
  const logits = new Float32Array(shape.vocabSize);
  const readLogits = async () => {
    await logitsOut.mapAsync(READ);
    logits.set(new Float32Array(logitsOut.getMappedRange(0, logits.byteLength)));
    logitsOut.unmap();
    return logits;
  };

  /** Reads of tokens that a left loop did not wait for. */
  let draining: Promise<unknown> = Promise.resolve();

  return {
    async prefill(tokens, position, signal) {
      await draining;
      const { tileTokens, fewTokens } = layout;
      const ids = new Uint32Array(tileTokens);
      let done = 0;
      while (done < tokens.length) {
        // a tile costs the same however few tokens it has
        const isStep = tokens.length - done <= fewTokens;
        const tile = tokens.slice(done, done + (isStep ? 1 : tileTokens));
        ids.set(tile);
        queue.writeBuffer(buffers.ids, 0, ids);
        writeState(tile[0], position + done, tile.length);
        done += tile.length;
        const head = isStep ? [headPlan] : [lastRowPlan, headPlan];
        submit([isStep ? stepPlan : tilePlan, ...(done === tokens.length ? head : [])], tile.length);
        if (isStep) continue;
        // one tile ahead of the device at most: so long does a cancel take
        await queue.onSubmittedWorkDone();
        if (signal?.aborted) break;
      }
      return done;
    },

    async logits() {
      await draining;
      submit([], 0, [buffers.logits, logitsOut]);
      return readLogits();
    },

    async decode(token, position) {
      await draining;
      writeState(token, position, 1);
      submit([stepPlan, headPlan], 1, [buffers.logits, logitsOut]);
      return readLogits();
    },

    async *sample(position, chain) {
      await draining;
      // the token chosen first is the one that will be run at `position`
      writeState(0, position - 1, 1);
      writeChain(queue, shape.vocabSize, buffers, chain);
      if (chain.mask) {
        yield* sampleMasked(position, chain, chain.mask);
        return;
      }
      const most = contextLength - position + 1;
      const pending: Promise<number>[] = [];
      let steps = 0;
      const step = () => {
        if (steps % DRAWS === 0) writeDraws(queue, buffers, chain, steps);
        const out = tokenOut[steps % DEPTH];
        submit(steps === 0 ? [samplePlan] : [stepPlan, headPlan, samplePlan], 1, [buffers.state, out]);
        steps++;
        pending.push(readToken(out));
      };
      try {
        while (steps < Math.min(DEPTH, most)) step();
        while (pending.length > 0) {
          const token = await pending[0];
          pending.shift();
          if (steps < most) step();
          yield token;
        }
      } finally {
        draining = Promise.allSettled(pending);
      }
    },
  };

  /** The host makes a mask of every token for the next one, while the device runs that token: two submits a token, and no waiting. */
  async function* sampleMasked(
    position: number,
    chain: Chain,
    mask: Mask,
  ): AsyncGenerator<number, void, undefined> {
    const [out] = tokenOut;
    let pending: Promise<number> | undefined;
    let steps = 0;
    const choose = (bits: Uint32Array<ArrayBuffer>) => {
      if (steps % DRAWS === 0) writeDraws(queue, buffers, chain, steps);
      writeMask(queue, buffers, bits);
      submit([samplePlan], 1, [buffers.state, out]);
      const token = readToken(out);
      if (position + steps < contextLength) submit([stepPlan, headPlan], 1);
      steps++;
      return token;
    };
    try {
      const bits = mask();
      pending = bits && choose(bits);
      while (pending) {
        const token = await pending;
        const next = mask(token);
        pending = next && position + steps <= contextLength ? choose(next) : undefined;
        yield token;
      }
    } finally {
      draining = Promise.allSettled([pending]);
    }
  }

  async function readToken(out: GPUBuffer): Promise<number> {
    await out.mapAsync(READ);
    const [token] = new Uint32Array(out.getMappedRange(0, 4));
    out.unmap();
    return token;
  }
}
