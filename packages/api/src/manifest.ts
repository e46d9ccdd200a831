/** What manifests are written with. */

/** Media types; that of a layer ends with what it is, such as `model` or `template`. */
export const MEDIA_TYPES = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  layer: 'application/vnd.ollama.image.',
} as const;

/** A digest as `sha256:` and 64 hex digits, whose case counts as it does in Ollama; undefined for what is none. */
export function readDigest(text: string): string | undefined {
  const hex = /^sha256[:-]([0-9a-fA-F]{64})$/.exec(text)?.[1];
  return hex && `sha256:${hex}`;
}
