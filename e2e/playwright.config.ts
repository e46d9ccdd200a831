/**
 * Browser tests of the built app, in Chromium with WebGPU on SwiftShader; the golden texts also on lavapipe where it is installed.
 * `ADAPTERS=lavapipe` (or several, with commas) runs everything on those instead. `/fixtures/` is served beside the app.
 */
import { defineConfig } from '@playwright/test';
import { hasLavapipe, launchOptions } from '../scripts/chromium.mjs';

const projects: { name: string; testMatch?: string }[] = process.env.ADAPTERS
  ? process.env.ADAPTERS.split(',').map(name => ({ name }))
  : [{ name: 'swiftshader' }, ...(hasLavapipe() ? [{ name: 'lavapipe', testMatch: 'golden.spec.ts' }] : [])];

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
    projects.map(async project => ({
      ...project,
      use: { launchOptions: await launchOptions(project.name) },
    })),
  ),
});
