/**
 * Errors and abort reasons as they cross between page and worker. A structured clone forgets the name of an error class of
 * our own and refuses functions, so an error goes as its name and message, and what cannot be cloned as its text.
 */

export type PackedReason =
  | { readonly error: { readonly name: string; readonly message: string } }
  | { readonly value: unknown };

/** What `postMessage` can carry of anything that was thrown or given to `abort()`. */
export function packReason(reason: unknown): PackedReason {
  if (reason instanceof Error && !(reason instanceof DOMException)) {
    return { error: { name: reason.name, message: reason.message } };
  }
  try {
    return { value: structuredClone(reason) };
  } catch {
    return { error: { name: 'Error', message: String(reason) } };
  }
}

/** The reason again: an `Error` with the same name and message, or the same value. */
export function unpackReason(packed: PackedReason): unknown {
  if ('value' in packed) return packed.value;
  const error = new Error(packed.error.message);
  error.name = packed.error.name;
  return error;
}
