import { defineConfig } from 'vite';
import { contentSecurityPolicy } from './build/content-security-policy.ts';
import { models } from './build/models.ts';
import { serviceWorker } from './build/service-worker.ts';

/** Two pages, one module worker (from `tabllama`), and the service worker at a fixed address. */
export default defineConfig({
  appType: 'mpa',
  plugins: [models(), contentSecurityPolicy(), serviceWorker()],
  worker: { format: 'es' },
  build: {
    target: 'es2024',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { index: 'index.html', playground: 'playground.html', sw: 'sw/sw.ts' },
      output: {
        entryFileNames: chunk => (chunk.name === 'sw' ? 'sw.js' : 'assets/[name]-[hash].js'),
      },
    },
  },
  server: { port: 4173 },
  preview: { port: 4173 },
});
