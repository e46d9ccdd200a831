/**
 * Browser tests of the built app, in Chromium with WebGPU on SwiftShader; the golden texts also on lavapipe where it is installed.
 * `ADAPTERS=lavapipe` (or several, with commas) runs everything on those instead. `/fixtures/` is served beside the app.
 */
import { defineConfig } from '@playwright/test';
import { hasLavapipe, launchOptions } from '../scripts/chromium.mjs';

/** Structured outputs are many tokens: they run on the faster adapter where there is one. */
const onLavapipe = [
  { name: 'swiftshader', testIgnore: 'structured.spec.ts' },
  { name: 'lavapipe', testMatch: /(golden|structured)\.spec\.ts/ },
];
const projects: { name: string; testMatch?: RegExp; testIgnore?: string }[] = process.env.ADAPTERS
  ? process.env.ADAPTERS.split(',').map(name => ({ name }))
  : hasLavapipe()
    ? onLavapipe
    : [{ name: 'swiftshader' }];

export default defineConfig({
  testDir: '.',
  outputDir: '../node_modules/.cache/e2e-results',
  globalSetup: './global-setup.ts',
  // A software adapter uses every core: two pages at once only make each other late.
  workers: 1,
  timeout: 240_000,
  // Chromium on a software adapter may stand still; what needed a second try is named at the end.
  retries: 1,
  expect: { timeout: 30_000 },
  forbidOnly: Boolean(process.env.CI),
  use: { baseURL: process.env.BASE_URL, trace: 'retain-on-failure' },
  projects: await Promise.all(
    projects.map(async project => ({
      ...project,
      use: { launchOptions: await launchOptions(project.name) },
    })),
  ),
});
