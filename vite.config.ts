import { defineConfig } from 'vitest/config';

/** Unit tests of every package, in Node; those named `*.gpu.test.ts` run WGSL through Dawn on a software adapter. */
export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'packages/*/test/**/*.test.ts', 'scripts/*.test.mjs'],
    setupFiles: ['scripts/property-seed.mjs'],
    testTimeout: 60_000,
    maxWorkers: 2,
  },
});
