/**
 * `pnpm bridge [--port 11434] [--adapter default|swiftshader|lavapipe]`: the built page in a headless Chromium, behind a TCP port.
 * Its storage is new and goes with it.
 */
import { parseArgs } from 'node:util';
import { appFolders, serve } from '../../scripts/serve.mjs';
import { build, install } from '../../scripts/workspace.mjs';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '11434' },
    adapter: { type: 'string', default: 'default' },
  },
});
await install();
const server = await serve(appFolders(await build()));
const { chromium } = await import('playwright');
const { launchOptions } = await import('../../scripts/chromium.mjs');
const { bridge } = await import('./bridge.mjs');
// An empty folder name is a fresh profile on disk: a model must not have to fit into memory, as in a private window.
const context = await chromium.launchPersistentContext('', await launchOptions(values.adapter));
try {
  const page = await context.newPage();
  await page.goto(`${server.url}playground.html`);
  await page.waitForFunction(() => globalThis.llama);
  const { url, close } = await bridge(page, { port: Number(values.port) });
  // which a signal closes, or somebody else
  context.once('close', () => Promise.all([close(), server.close()]));
  console.log(`The page answers at ${url}   (Ctrl-C ends it)`);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
  await context.close();
  await server.close();
}
