import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { Plugin } from 'vite';

/**
 * Tells the built service worker which files it has to keep, and a version that changes whenever one of them does.
 * `sw/sw.ts` declares the two globals that are filled in here.
 */
export function serviceWorker(): Plugin {
  return {
    name: 'service-worker',
    apply: 'build',
    writeBundle: {
      order: 'post',
      sequential: true,
      async handler({ dir }) {
        if (!dir) throw new Error('the build has no output folder');
        const script = join(dir, 'sw.js');
        const files = (await readdir(dir, { recursive: true, withFileTypes: true }))
          .filter(entry => entry.isFile())
          .map(entry => join(entry.parentPath, entry.name))
          .filter(file => file !== script)
          .sort();
        const hash = createHash('sha256');
        for (const file of files) hash.update(relative(dir, file)).update(await readFile(file));
        const paths = files.map(file => `/${relative(dir, file).split(sep).join('/')}`);
        const code = await readFile(script, 'utf8');
        const version = hash.update(code).digest('hex').slice(0, 16);
        await writeFile(
          script,
          `const __VERSION__ = ${JSON.stringify(version)}, __FILES__ = ${JSON.stringify(paths)};\n${code}`,
        );
      },
    },
  };
}
