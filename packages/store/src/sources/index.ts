/** Places to pull models from. One more is one file here and one line below; the first that accepts a name has it. */
import { fileUrl } from './file-url.ts';
import { huggingFace } from './hugging-face.ts';
import { registry } from './registry.ts';
import type { FindSource, SourceSettings } from './source.ts';
import { table } from './table.ts';

const sources: readonly ((settings: SourceSettings) => FindSource)[] = [
  table,
  fileUrl,
  huggingFace,
  registry,
];

/** @throws TypeError for settings that are wrong */
export function createFindSource(settings: SourceSettings): FindSource {
  const all = sources.map(source => source(settings));
  return (wanted, options) => {
    for (const find of all) {
      const open = find(wanted, options);
      if (open) return open;
    }
    return undefined;
  };
}
