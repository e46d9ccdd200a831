import { defineConfig } from 'vite';
import { minified } from '../tabllama/minified.ts';

/** One file for plain Node, minified like the published one: what the benchmark measures. The product bundles the sources itself. */
export default defineConfig({
  plugins: [minified()],
  build: {
    target: 'es2024',
    lib: { entry: 'src/index.ts', formats: ['es'], fileName: () => 'grammar.js' },
  },
});
