/** Exchanges with the default model, recorded from a real Ollama and sent to the page: the same shape, line by line, and the same words. */
import { readFileSync } from 'node:fs';
import { expect, type Page, test } from '@playwright/test';
import { openPlayground } from './tiny-model.ts';

interface Exchange {
  readonly request: { readonly method: string; readonly path: string; readonly body?: object };
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly chunks: readonly { readonly text: string }[];
  };
}

const model = 'smollm2:135m';

function recorded(name: string): Exchange {
  const file = new URL(`../fixtures/ollama-transcripts/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as Exchange;
}

const send = (page: Page, { request }: Pick<Exchange, 'request'>) =>
  page.evaluate(async ({ method, path, body }) => {
    const response = await fetch(path, { method, body: body && JSON.stringify(body) });
    const { status, headers } = response;
    const named = ['content-type', 'cache-control'].map(name => [name, headers.get(name)]);
    return { status, headers: Object.fromEntries(named), text: await response.text() };
  }, request);

/** Lines of NDJSON, events, or the one object, each with its event's name where it has one. */
function linesOf(text: string): unknown[] {
  const parts = text.includes('data: ') ? text.trimEnd().split('\n\n') : text.trimEnd().split('\n');
  return parts.map(part => {
    const [, type, data] = /^(?:event: (.*)\n)?(?:data: )?(.*)$/s.exec(part)!;
    return data === '[DONE]' ? data : [type, JSON.parse(data)];
  });
}

/** The types of everything, with names in their order; counts stay, since they are those of the same tokens. */
function shapeOf(value: unknown, key = ''): unknown {
  if (key === 'bytes' || key === 'context') return typeof value; // as long as what was said, which is compared by itself
  if (Array.isArray(value)) return value.map(item => shapeOf(item));
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).map(([name, inner]) => [name, shapeOf(inner, name)]);
  }
  return /_count$|_tokens$|_reason$|^index$/.test(key) ? value : typeof value;
}

/** What was said, wherever it stands. */
const wordsOf = (text: string) =>
  [...text.matchAll(/"(?:content|response|text|delta)":("(?:[^"\\]|\\.)*")/g)].map(found =>
    JSON.parse(found[1]),
  );

/** Two words that were all but equally likely: what follows the first of them is another text. */
const nearTies: Readonly<Record<string, string>> = {
  'seed-generate': 'This phenomenon occurs because of the ',
};
const untilNearTie = (name: string, words: readonly string[]) =>
  name in nearTies ? words.map(text => text.split(nearTies[name])[0]) : words;

test('the answers to recorded requests', async ({ page }) => {
  test.setTimeout(900_000);
  await openPlayground(page);
  const post = (path: string, body: object) =>
    send(page, { request: { method: 'POST', path, body: { ...body, stream: false } } });
  expect(await post('/api/pull', { model })).toMatchObject({ status: 200 });
  const { template } = JSON.parse(
    recorded('seed-show')
      .response.chunks.map(chunk => chunk.text)
      .join(''),
  );
  const parameters = { stop: ['<|im_start|>', '<|im_end|>'] };
  expect(await post('/api/create', { model, from: model, template, parameters })).toMatchObject({
    status: 200,
  });

  for (const name of [
    'seed-chat',
    'seed-chat-history',
    'seed-chat-reproducible',
    'seed-chat-stream',
    'chat-logprobs-stream',
    'seed-generate',
    'seed-generate-raw',
    'seed-generate-stream',
    'generate-logprobs',
    'generate-stop',
    'v1-chat-completions',
    'v1-chat-completions-logprobs',
    'v1-chat-completions-stream',
    'v1-chat-completions-stream-usage',
    'v1-completions',
    'v1-completions-stream',
    'v1-messages',
    'v1-messages-stream',
    'v1-responses',
    'v1-responses-stream',
  ]) {
    await test.step(name, async () => {
      const { request, response } = recorded(name);
      const expected = response.chunks.map(chunk => chunk.text).join('');
      const answer = await send(page, { request });
      expect.soft(answer.status, name).toBe(response.status);
      for (const header of ['content-type', 'cache-control']) {
        expect.soft(answer.headers[header], name).toBe(response.headers[header] ?? null);
      }
      const [ours, theirs] = [answer.text, expected].map(text => untilNearTie(name, wordsOf(text)));
      expect.soft(ours, name).toEqual(theirs);
      expect
        .soft(
          linesOf(answer.text).map(line => shapeOf(line)),
          name,
        )
        .toEqual(linesOf(expected).map(line => shapeOf(line)));
    });
  }
});
