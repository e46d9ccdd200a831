/** Clients in Python, as PyPI has them, through the bridge. */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, type Page, test } from '@playwright/test';
import { root } from '../../scripts/workspace.mjs';
import { bridge } from '../bridge/bridge.mjs';
import { openPlayground, pullTinyModel, tinyModel } from '../tiny-model.ts';

const packages = ['ollama==0.6.3', 'litellm==1.110.2'];
const target = join(root, 'node_modules', '.cache', `python ${packages.join(' ')}`);

function hasPip(): boolean {
  try {
    execFileSync('python3', ['-m', 'pip', '--version']);
    return true;
  } catch {
    return false;
  }
}

test.skip(!hasPip(), 'there is no Python with pip here');
test.beforeAll(() => {
  test.setTimeout(600_000);
  if (existsSync(target)) return;
  const pip = ['-m', 'pip', 'install', '--quiet', '--root-user-action=ignore', '--target', target];
  execFileSync('python3', [...pip, ...packages], { stdio: 'inherit' });
});

/** What a script prints, which talks to the page through a port. */
async function runPython(page: Page, script: string, args: string[]): Promise<unknown> {
  const { url, close } = await bridge(page);
  try {
    const { stdout } = await promisify(execFile)(
      'python3',
      [join(import.meta.dirname, 'python', script), ...args],
      { env: { ...process.env, OLLAMA_HOST: url, PYTHONPATH: target } },
    );
    return JSON.parse(stdout.trim().split('\n').at(-1)!);
  } finally {
    await close();
  }
}

test('ollama: models come and go, answers stream, a stream is left', async ({ page }) => {
  await openPlayground(page);
  const file = new URL('/fixtures/models/stories260K-q8_0.gguf', page.url()).href;
  expect(await runPython(page, 'ollama_client.py', [tinyModel, file])).toEqual({
    statuses: ['pulling manifest', 'success'],
    names: ['mario:latest', tinyModel],
    running: ['mario:latest'],
    system: true,
    same: true,
    tokens: 8,
    left: [tinyModel],
    missing: [404, "model 'mario:latest' not found"],
  });
});

test('litellm: by Ollama’s API and by OpenAI’s', async ({ page }) => {
  await openPlayground(page);
  await pullTinyModel(page);
  const text = expect.stringMatching(/\w/);
  const seen = { text, streamed: text, tokens: 8, reason: 'length' };
  const result = await runPython(page, 'litellm_client.py', [tinyModel]);
  expect(result).toMatchObject({ ollama_chat: seen, openai: seen });
});
