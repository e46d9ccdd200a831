/** A forward pass as a list of dispatches, recorded once and replayed: nothing is created and nothing is decided per token. */
import type { QuantType } from '@tabllama/quants';
import type { Device } from './device.ts';
import type { Constants, KernelName } from './kernel.ts';

/** Workgroups of a dispatch for a batch of so many tokens. */
export type Grid = (tokens: number) => readonly [x: number, y?: number];

export interface Dispatch {
  readonly kernel: KernelName;
  /** Overrides: what differs here is compiled anew, so it is what a model, or a device, has one of. */
  readonly constants: Constants;
  /** Words of the kernel's uniform block, if it has one. */
  readonly uniforms?: readonly number[];
  readonly type?: QuantType;
  /** Buffer of every binding that the kernel uses. */
  readonly bindings: Readonly<Record<number, GPUBuffer>>;
  readonly grid: Grid;
}

export interface Plan {
  /** Encodes every dispatch into the pass. */
  replay(pass: GPUComputePassEncoder, tokens: number): void;
}

/** Bytes between the uniform blocks of two dispatches: the alignment that every device grants. */
const UNIFORM_STRIDE = 256;
const UNIFORM_BINDING = 11;
const UNIFORM = 0x40 | 0x08; // GPUBufferUsage.UNIFORM | COPY_DST

/** Compiles what the dispatches need and binds their buffers. */
export async function createPlan(device: Device, dispatches: readonly Dispatch[]): Promise<Plan> {
  const words = new Uint32Array((dispatches.length * UNIFORM_STRIDE) / 4);
  // made before anything is waited for, as all buffers of a program are
  const uniforms = device.createBuffer('uniforms', words.byteLength, UNIFORM);
  const pipelines = await Promise.all(
    dispatches.map(({ kernel, constants, type }) => device.pipelines(kernel, constants, type)),
  );
  const steps = dispatches.map(({ kernel, bindings, uniforms: values, grid }, i) => {
    const pipeline = pipelines[i];
    const entries: GPUBindGroupEntry[] = Object.entries(bindings).map(([binding, buffer]) => ({
      binding: Number(binding),
      resource: { buffer },
    }));
    if (values) {
      words.set(values, (i * UNIFORM_STRIDE) / 4);
      const resource = { buffer: uniforms, offset: i * UNIFORM_STRIDE, size: UNIFORM_STRIDE };
      entries.push({ binding: UNIFORM_BINDING, resource });
    }
    const layout = pipeline.getBindGroupLayout(0);
    return { pipeline, group: device.gpu.createBindGroup({ label: kernel, layout, entries }), grid };
  });
  device.gpu.queue.writeBuffer(uniforms, 0, words);
  return {
    replay(pass, tokens) {
      let current: GPUComputePipeline | undefined;
      for (const { pipeline, group, grid } of steps) {
        if (pipeline !== current) pass.setPipeline(pipeline);
        current = pipeline;
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(...grid(tokens));
      }
    },
  };
}
