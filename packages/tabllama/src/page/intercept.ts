/** The patch of `globalThis.fetch`: claimed requests go one way, all others the way they went before. */

type Fetch = typeof fetch;

/**
 * Answers claimed URLs with `answer`; any other call reaches the `fetch` that was there before with the very same arguments.
 * Returns a function that puts the old `fetch` back; where someone has patched on top of it, it lets everything through.
 */
export function interceptFetch(claims: (url: string | URL) => boolean, answer: Fetch): () => void {
  const original = globalThis.fetch;
  let active = true;

  const patched: Fetch = (...args) => {
    const [input] = args;
    return active && claims(input instanceof Request ? input.url : input)
      ? answer(...args)
      : Reflect.apply(original, globalThis, args);
  };
  globalThis.fetch = patched;

  return () => {
    active = false;
    if (globalThis.fetch === patched) globalThis.fetch = original;
  };
}
