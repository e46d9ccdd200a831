/** The GPU device of this worker: opened when first needed, and opened anew after it was lost. */
import { NoRoomError, StatusError } from '@tabllama/api';
import { type Device, DeviceError, openDevice } from '@tabllama/kernels';
import type { DeviceDescription } from './wire/message.ts';

export interface DeviceSource {
  /** The device that is open, if any. */
  readonly current: Device | undefined;
  /** Rejects with a StatusError that names what is missing and says what to do. */
  open(): Promise<Device>;
}

export function createDeviceSource(gpu: GPU | undefined): DeviceSource {
  let opening: Promise<Device> | undefined;
  let current: Device | undefined;
  function forget(): void {
    opening = undefined;
    current = undefined;
  }
  async function openAnew(): Promise<Device> {
    try {
      current = await openDevice(gpu);
      current.onLost(forget);
      return current;
    } catch (error) {
      forget();
      throw asStatusError(error);
    }
  }
  return {
    get current() {
      return current;
    },
    open() {
      opening ??= openAnew();
      return opening;
    },
  };
}

/** What a page can tell its user about the device; it never rejects for want of one. */
export async function describeDevice(source: DeviceSource): Promise<DeviceDescription> {
  try {
    const { adapter, features } = await source.open();
    return { adapter, features };
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}

/** Failures of the device as the server tells them, with the next step where there is one. */
export function asStatusError(error: unknown): unknown {
  if (!(error instanceof DeviceError)) return error;
  const { code, message } = error;
  if (code === 'out-of-memory') return new NoRoomError(message, { cause: error });
  const advice = adviceFor(code);
  return new StatusError(500, advice ? `${message}: ${advice}` : message, { cause: error });
}

function adviceFor(code: DeviceError['code']): string | undefined {
  if (code === 'no-adapter') {
    return 'turn on graphics acceleration in the settings of the browser, update the graphics driver, and look at chrome://gpu';
  }
  if (code !== 'no-webgpu') return undefined;
  return globalThis.isSecureContext
    ? 'use a current Chrome, Edge, Firefox or Safari (26 or later)'
    : 'it is there only on pages that come by https or from localhost';
}
