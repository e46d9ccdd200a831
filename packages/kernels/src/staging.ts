/**
 * Bytes on their way to the device: a ring of mapped buffers. The host writes into one in place while the device copies from the others,
 * so that no byte is copied more than once on either side, and no more than the ring is ever on its way.
 */
import { type Device, DeviceError } from './device.ts';

/** A part of a buffer; both numbers are multiples of four. */
export interface Stretch {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly bytes: number;
}

export interface Staging extends Disposable {
  /**
   * Memory for stretches of together at most 2 MiB. What is written there before the next call, and only that, will lie in
   * the buffers. Rejects with DeviceError when the device is lost.
   */
  stage(stretches: readonly Stretch[]): Promise<Uint8Array<ArrayBuffer>[]>;
  /** Sends off what was staged last. */
  flush(): void;
}

const STAGING_BYTES = 2 << 20;
const SLOTS = 4;

// GPUBufferUsage and GPUMapMode, whose globals a runtime may lack
const MAP_WRITE = 0x02;
const COPY_SRC = 0x04;
const WRITE = 0x02;

export function createStaging(device: Device): Staging {
  const { gpu } = device;
  const map = (buffer: GPUBuffer) => {
    const mapped = buffer.mapAsync(WRITE);
    mapped.catch(() => {}); // told to whoever needs this buffer, if anyone does
    return { buffer, mapped };
  };
  const ring = Array.from({ length: SLOTS }, () =>
    map(device.createBuffer('staging', STAGING_BYTES, MAP_WRITE | COPY_SRC)),
  );
  /** The slot that is being written. */
  let open: { buffer: GPUBuffer; memory: ArrayBuffer; encoder: GPUCommandEncoder; used: number } | undefined;

  function flush(): void {
    if (!open) return;
    open.buffer.unmap();
    gpu.queue.submit([open.encoder.finish()]);
    ring.push(map(open.buffer));
    open = undefined;
  }

  return {
    flush,
    async stage(stretches) {
      const bytes = stretches.reduce((sum, stretch) => sum + stretch.bytes, 0);
      if (open && open.used + bytes > STAGING_BYTES) flush();
      if (!open) {
        const [{ buffer, mapped }] = ring;
        await mapped.catch(cause => {
          const what = 'the GPU device was lost, or has no memory left, while weights were uploaded';
          throw new DeviceError('lost', what, { cause });
        });
        ring.shift();
        open = { buffer, memory: buffer.getMappedRange(), encoder: gpu.createCommandEncoder(), used: 0 };
      }
      const { buffer, memory, encoder } = open;
      return stretches.map(stretch => {
        const at = open!.used;
        open!.used += stretch.bytes;
        encoder.copyBufferToBuffer(buffer, at, stretch.buffer, stretch.offset, stretch.bytes);
        return new Uint8Array(memory, at, stretch.bytes);
      });
    },
    [Symbol.dispose]() {
      if (open) device.destroyBuffer(open.buffer);
      open = undefined;
      for (const { buffer } of ring) device.destroyBuffer(buffer);
    },
  };
}
