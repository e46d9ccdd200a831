/** Clients that were written for Ollama or OpenAI, as their packages are published, inside a page. */
import type { Page } from '@playwright/test';
import { build } from 'vite';

declare global {
  /** Evaluates the client's modules at the moment of the call: several of them look at `fetch` only then. */
  var importClient: <Client>() => Client;
}

/** Gives pages that open from now on `importClient`, which imports what `exports` (statements) names. */
export async function useClient(page: Page, exports: string): Promise<void> {
  const built = await build({
    root: import.meta.dirname,
    logLevel: 'silent',
    configFile: false,
    define: { 'process.env.NODE_ENV': '"production"' },
    build: {
      write: false,
      minify: false,
      lib: { entry: 'client', formats: ['iife'], name: 'client' },
    },
    plugins: [
      {
        name: 'client',
        enforce: 'pre',
        resolveId: id => (id.endsWith('client') && !id.includes('node_modules') ? '\0client' : undefined),
        load: id => (id === '\0client' ? exports : undefined),
      },
    ],
  });
  const [{ output }] = Array.isArray(built) ? built : [built as Extract<typeof built, { output: unknown }>];
  await page.addInitScript({
    content: `globalThis.importClient = () => { ${output[0].code}; return client; };`,
  });
}
