/**
 * A full disk, told with our own numbers. Browsers cannot say beforehand what fits (Chromium reports its usage plus 10 GiB,
 * whatever the truth), so that the error of a write is what counts; what they do say is added.
 */
import { StatusError } from '@tabllama/api';

/** What is to be stored, and how much of it is, in bytes. */
export interface Need {
  readonly needed: number;
  readonly stored: number;
}

/** Runs a write. An error that means a spent quota becomes StatusError 507. */
export async function guardQuota<T>(need: () => Need, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'QuotaExceededError') throw error;
    throw await storageFull(need(), error);
  }
}

/** Throws StatusError 507 if the browser itself says that there is no room. */
export async function checkRoom(need: Need): Promise<void> {
  const { usage, quota } = await estimate();
  if (usage === undefined || quota === undefined) return;
  if (need.needed - need.stored > quota - usage) throw await storageFull(need);
}

async function storageFull({ needed, stored }: Need, cause?: Error): Promise<StatusError> {
  const { usage, quota } = await estimate();
  const browser =
    usage === undefined || quota === undefined
      ? ''
      : ` (the browser says ${usage} of ${quota} bytes are used)`;
  const message =
    `not enough storage: ${needed} bytes needed, ${stored} stored, ${needed - stored} missing${browser}; ` +
    'delete a model to make room';
  return new StatusError(507, message, { cause });
}

/** Figures of the origin in bytes, where the browser gives any. */
async function estimate(): Promise<StorageEstimate> {
  try {
    return (await globalThis.navigator?.storage?.estimate()) ?? {};
  } catch {
    return {}; // no figures is no reason to stop
  }
}
