import { expect, test } from '@playwright/test';
import { openPlayground, pullTinyModel, tinyModel } from '../tiny-model.ts';
import { useClient } from './client.ts';

type Client = { axios: typeof import('axios').default };

test.beforeEach(async ({ page }) => {
  await useClient(page, "export { default as axios } from 'axios';");
  await openPlayground(page);
  await pullTinyModel(page);
});

test('axios: models, an answer that is whole, and one that is read while it comes', async ({ page }) => {
  const result = await page.evaluate(async model => {
    const { axios } = importClient<Client>();
    const ollama = axios.create({ baseURL: 'http://localhost:11434' });
    const running = await ollama.get('/');
    const names = async () =>
      (await ollama.get('/api/tags')).data.models.map(({ name }: { name: string }) => name);
    await ollama.post('/api/copy', { source: model, destination: 'copy' });
    const both = await names();
    await ollama.delete('/api/delete', { data: { model: 'copy' } });
    const left = await names();

    const options = { temperature: 0, num_predict: 8 };
    const request = { model, prompt: 'Once upon a time', options };
    const whole = await ollama.post('/api/generate', { ...request, stream: false });
    const lengths: number[] = [];
    const streamed = await ollama.post('/api/generate', request, {
      onDownloadProgress: ({ event }) => lengths.push(event.target.responseText.trim().split('\n').length),
    });
    const lines = streamed.data.trim().split('\n').map(JSON.parse) as { response: string }[];
    const bytes = await ollama.get('/api/version', { responseType: 'arraybuffer' });
    const blob = await ollama.get('/api/version', { responseType: 'blob' });
    return {
      running: running.data,
      both,
      left,
      whole: whole.data.response,
      type: whole.headers['content-type'],
      text: lines.map(({ response }) => response).join(''),
      lengths,
      lines: lines.length,
      version: [new TextDecoder().decode(bytes.data), await blob.data.text(), blob.data.type],
    };
  }, tinyModel);
  expect(result.running).toBe('Ollama is running');
  expect(result.both.toSorted()).toEqual(['copy:latest', tinyModel]);
  expect(result.left).toEqual([tinyModel]);
  expect(result.whole).toMatch(/\w/);
  expect(result.type).toContain('application/json');
  expect(result.text).toBe(result.whole);
  // axios gathers what comes within a third of a second
  expect(result.lengths.length).toBeGreaterThan(1);
  expect(result.lengths.at(-1)).toBe(result.lines);
  const version = '{"version":"0.33.0"}';
  expect(result.version).toEqual([version, version, expect.stringContaining('application/json')]);
});

test('axios: errors in words of Ollama, an abort and a timeout', async ({ page }) => {
  const result = await page.evaluate(async model => {
    const { axios } = importClient<Client>();
    const failure = (promise: Promise<unknown>) =>
      promise.then(
        () => 'no failure',
        ({ code, response }) => ({ code, status: response?.status, data: response?.data }),
      );
    const missing = await failure(axios.post('http://127.0.0.1:11434/api/show', { model: 'nobody:1b' }));
    const story = { model, prompt: 'Once upon a time', options: { num_predict: 100_000, num_ctx: 256 } };
    const stop = new AbortController();
    const stopped = await failure(
      axios.post('/api/generate', story, { signal: stop.signal, onDownloadProgress: () => stop.abort() }),
    );
    const late = await failure(axios.post('/api/generate', story, { timeout: 500 }));
    const next = await axios.get('/api/version');
    return { missing, stopped, late, next: next.status };
  }, tinyModel);
  expect(result).toEqual({
    missing: {
      code: 'ERR_BAD_REQUEST',
      status: 404,
      data: { error: "model 'nobody:1b' not found" },
    },
    stopped: { code: 'ERR_CANCELED' },
    late: { code: 'ECONNABORTED' },
    next: 200,
  });
});
