/** Prints what the published files weigh, and fails when they are above their limits. */
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const limits = [
  { what: 'page half', files: ['index.js'], bytes: 6_000 },
  { what: 'page half as a script', files: ['script.js'], bytes: 6_000 },
  { what: 'page half and worker', files: ['index.js', 'worker.js'], bytes: 127_000 },
  { what: 'masks', files: ['grammar.js'], bytes: 40_000 },
  {
    what: 'with masks and calls',
    files: ['index.js', 'worker.js', 'grammar.js', 'calls.js'],
    bytes: 170_000,
  },
];

for (const { what, files, bytes } of limits) {
  const size = files
    .map(file => gzipSync(readFileSync(new URL(`../dist/${file}`, import.meta.url)), { level: 9 }).length)
    .reduce((sum, each) => sum + each);
  console.log(`${what}: ${size} bytes gzip, at most ${bytes}`);
  if (size > bytes) process.exitCode = 1;
}
