/**
 * Browser tests of the built app, in Chromium with WebGPU on a software adapter: SwiftShader, or those that `ADAPTERS` names
 * (`ADAPTERS=swiftshader,lavapipe`). `/fixtures/` is served beside the app.
 */
import { defineConfig } from '@playwright/test';
import { launchOptions } from '../scripts/chromium.mjs';

const adapters = (process.env.ADAPTERS ?? 'swiftshader').split(',');

export default defineConfig({
  testDir: '.',
  outputDir: '../node_modules/.cache/e2e-results',
  globalSetup: './global-setup.ts',
  // A software adapter uses every core: two pages at once only make each other late.
  workers: 1,
  timeout: 120_000,
  expect: { timeout: 30_000 },
  forbidOnly: Boolean(process.env.CI),
  use: { baseURL: process.env.BASE_URL, trace: 'retain-on-failure' },
  projects: await Promise.all(
    adapters.map(async name => ({ name, use: { launchOptions: await launchOptions(name) } })),
  ),
});
