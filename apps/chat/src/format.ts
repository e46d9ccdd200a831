/** Numbers as people read them. Sizes are decimal, as Ollama's own command line shows them. */

const units = ['B', 'kB', 'MB', 'GB', 'TB'];

export function formatBytes(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  const value = bytes / 1000 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole >= 60) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  return seconds < 10 ? `${seconds.toFixed(1)} s` : `${whole} s`;
}

/** Tokens per second from Ollama's count and nanoseconds. */
export function formatTokenRate(tokens: number, ns: number): string {
  const rate = tokens / (ns / 1e9);
  return `${rate < 100 ? rate.toFixed(1) : Math.round(rate)} tok/s`;
}
