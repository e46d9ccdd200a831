/** The GPU device: what it can do, what was allocated on it, and whether it is still there. */

import { createPipelineCache, type PipelineCache } from './kernel.ts';

/** How kernels are laid out on an adapter. */
export interface Layout {
  /**
   * `lanes`: the adapter is a CPU; a workgroup is one SIMD register and lanes work by themselves, since barriers are dear.
   * `split`: lanes are many and share rows.
   */
  readonly matvec: 'lanes' | 'split';
  /** Workgroup size of matvecs, attention and sampling in decode. */
  readonly lanes: number;
  /** Workgroup size where lanes are tokens. */
  readonly tokenLanes: number;
  /** Tokens of a prefill tile, a multiple of 8·tokenLanes. */
  readonly tileTokens: number;
  /** Up to so many tokens are prefilled one by one, as decode steps. */
  readonly fewTokens: number;
}

export interface Device {
  readonly gpu: GPUDevice;
  readonly pipelines: PipelineCache;
  readonly layout: Layout;
  /** Goes over to another layout, for what is loaded from now on; false where there is none left. */
  nextLayout(): boolean;
  /** For people: vendor, architecture, description. */
  readonly adapter: string;
  readonly features: readonly string[];
  /** Bytes that one binding may have; larger weights are split by rows. */
  readonly maxBindingBytes: number;
  /** Bytes of all buffers made here and not destroyed yet. */
  readonly allocatedBytes: number;
  /** Calls `listener` with a sentence when the device is lost, by whatever cause; the function returned forgets it. */
  onLost(listener: (why: string) => void): () => void;
  /** A buffer of at least so many bytes, zeroed; a multiple of 16. */
  createBuffer(label: string, bytes: number, usage: GPUBufferUsageFlags): GPUBuffer;
  destroyBuffer(buffer: GPUBuffer): void;
  /** From now on allocations are watched; the function returned ends that (once) and tells whether one of them failed. */
  watchMemory(): () => Promise<boolean>;
  /** Gives the device back; `lost` resolves. */
  destroy(): void;
}

/** WebGPU is missing, refuses, or is gone. `code` is for a page that wants to say what to do. */
export class DeviceError extends Error {
  override readonly name = 'DeviceError';
  readonly code: 'no-webgpu' | 'no-adapter' | 'too-large' | 'out-of-memory' | 'bad-kernel' | 'lost';
  constructor(code: DeviceError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export interface DeviceOptions {
  /** Less than the adapter allows: for tests of weights that are split. */
  readonly maxBindingBytes?: number;
  /** Another layout than the adapter's own: for tests. */
  readonly layout?: Layout;
}

/** Opens a device with all that the adapter offers. Throws DeviceError. */
export async function openDevice(gpu: GPU | undefined, options: DeviceOptions = {}): Promise<Device> {
  if (!gpu) throw new DeviceError('no-webgpu', 'this browser has no WebGPU');
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new DeviceError('no-adapter', 'WebGPU found no graphics adapter that it may use');
  const { limits, info } = adapter;
  const device = await adapter.requestDevice({
    requiredLimits: {
      maxBufferSize: limits.maxBufferSize,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
    },
  });
  const layouts = options.layout ? [options.layout] : chooseLayouts(adapter);
  const live = new Map<GPUBuffer, number>();
  // reactions on a promise would stay as long as the device, with the models that they speak of
  const lossListeners = new Set<(why: string) => void>();
  let loss: string | undefined;
  void device.lost.then(({ reason, message }) => {
    loss = `the GPU device was lost (${reason}): ${message}`;
    for (const listener of lossListeners) listener(loss);
  });
  return {
    gpu: device,
    pipelines: createPipelineCache(device),
    get layout() {
      return layouts[0];
    },
    nextLayout() {
      if (layouts.length === 1) return false;
      layouts.shift();
      return true;
    },
    adapter: [info.vendor, info.architecture, info.description].filter(Boolean).join(' '),
    features: [...device.features],
    maxBindingBytes: Math.min(
      options.maxBindingBytes ?? Number.POSITIVE_INFINITY,
      limits.maxStorageBufferBindingSize,
      limits.maxBufferSize,
    ),
    get allocatedBytes() {
      return [...live.values()].reduce((a, b) => a + b, 0);
    },
    onLost(listener) {
      if (loss) listener(loss);
      else lossListeners.add(listener);
      return () => lossListeners.delete(listener);
    },
    createBuffer(label, bytes, usage) {
      const size = Math.max(16, Math.ceil(bytes / 16) * 16);
      const buffer = device.createBuffer({ label, size, usage });
      live.set(buffer, size);
      return buffer;
    },
    destroyBuffer(buffer) {
      buffer.destroy();
      live.delete(buffer);
    },
    watchMemory() {
      device.pushErrorScope('out-of-memory');
      let failed: Promise<boolean> | undefined;
      return () => {
        failed ??= device.popErrorScope().then(
          error => error !== null,
          () => false,
        );
        return failed;
      };
    },
    destroy: () => device.destroy(),
  };
}

/** Layouts for the adapter, the best first. */
function chooseLayouts({ info }: GPUAdapter): Layout[] {
  const isCpu =
    info.isFallbackAdapter ||
    /swiftshader|llvmpipe|software/i.test(`${info.architecture} ${info.description}`);
  const card = { tokenLanes: 32, tileTokens: 256, fewTokens: 4 };
  const splitting: Layout = { matvec: 'split', lanes: 64, ...card };
  if (!isCpu) return [splitting, { matvec: 'lanes', lanes: 32, ...card }];
  const lanes = info.subgroupMinSize > 0 ? Math.min(info.subgroupMinSize, 16) : 4;
  return [{ matvec: 'lanes', lanes, tokenLanes: lanes, tileTokens: 8 * lanes, fewTokens: lanes }, splitting];
}
