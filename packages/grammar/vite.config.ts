import { defineConfig } from 'vite';

/** One file for plain Node: what the benchmark measures. The product bundles the sources itself. */
export default defineConfig({
  build: {
    target: 'es2022',
    rolldownOptions: { output: { minify: true } },
    lib: { entry: 'src/index.ts', formats: ['es'], fileName: () => 'grammar.js' },
  },
});
