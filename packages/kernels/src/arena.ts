/** Buffers that end together: those of one loaded model. */
import type { Device } from './device.ts';

export interface Arena {
  /** The device; buffers made through it end with the arena. */
  readonly device: Device;
  /** Bytes of these buffers. */
  readonly bytes: number;
  /** Destroys them. */
  free(): void;
}

export function openArena(device: Device): Arena {
  const buffers = new Set<GPUBuffer>();
  const own: Pick<Device, 'createBuffer' | 'destroyBuffer'> = {
    createBuffer(...options) {
      const buffer = device.createBuffer(...options);
      buffers.add(buffer);
      return buffer;
    },
    destroyBuffer(buffer) {
      buffers.delete(buffer);
      device.destroyBuffer(buffer);
    },
  };
  return {
    device: Object.assign(Object.create(device), own),
    get bytes() {
      return [...buffers].reduce((sum, { size }) => sum + size, 0);
    },
    free() {
      for (const buffer of buffers) own.destroyBuffer(buffer);
    },
  };
}
