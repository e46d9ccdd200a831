/** Files of the fixtures, and whole folders. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const fixtures = new URL('../../../fixtures/', import.meta.url);
export const fixture = (path: string) => new Uint8Array(readFileSync(new URL(path, fixtures)));

/** The files of a folder of safetensors by their paths. */
export function readFolder(name: string): Record<string, Uint8Array> {
  const folder = `safetensors/${name}/`;
  const root = fileURLToPath(new URL(folder, fixtures));
  const paths = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => relative(root, join(entry.parentPath, entry.name)));
  return Object.fromEntries(paths.map(path => [path, fixture(folder + path)]));
}
