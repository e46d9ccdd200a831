/**
 * Exchanges recorded from a real Ollama, replayed against the page: the same status, the same headers that clients look at, the same
 * fields of the same types in the same order of lines, the same counts, and the same greedy text.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { expect, type Page, test } from '@playwright/test';
import { readFolder } from '../packages/create/test/fixtures.ts';
import { createParrot } from '../packages/engine/test/parrot.ts';
import { ggufWithTemplate } from '../packages/server/test/gguf-with-template.ts';
import { saidToBe } from '../packages/server/test/said-to-be.ts';
import {
  createFromFile,
  createToolCaller,
  thinkTemplate,
  toolsTemplate,
  uploadFiles,
} from './made-models.ts';
import { openPlayground } from './tiny-model.ts';

interface Exchange {
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers?: Readonly<Record<string, string>>;
    body?: unknown;
  };
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly chunks: readonly { readonly text: string }[];
  };
}

const fixtures = new URL('../fixtures/', import.meta.url);
const file = (path: string) => readFileSync(new URL(path, fixtures));
const recorded = (name: string) => JSON.parse(String(file(`ollama-transcripts/${name}.json`))) as Exchange;
const textOf = ({ response }: Exchange) => response.chunks.map(({ text }) => text).join('');

/** The recording's `smollm2:135m` was made of this file, whose template Ollama exchanges for its own. */
const smollm2 = 'sha256:b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53';

/** Not replayed here, and why. */
const elsewhere: readonly [RegExp, string][] = [
  [
    /^(cors-|host-header|options-plain)/,
    'no request inside of a page has a host or an origin; see the bridge',
  ],
  [/^trailing-slash/, 'fetch follows a redirect; see the bridge'],
  [
    /^(pull|push|tags-pulled|registry-log)/,
    'needs the registry of the recording; see the tests of the store',
  ],
  [
    /^(create-gguf-large|seed-blob-exists|seed-blob-push$|seed-create-gguf|show-minilm)/,
    'its file is not here',
  ],
  [/^show-(bert|jinja)/, 'Ollama writes files anew and adds a version to their keys'],
  [/^think-format/, 'a scripted model has no likeliest token within a format'],
  [/^seed-generate-json/, '600 tokens; formats have tests of their own'],
];
const names = readdirSync(new URL('ollama-transcripts/', fixtures))
  .filter(name => name.endsWith('.json'))
  .map(name => name.replace('.json', ''))
  .filter(name => !elsewhere.some(([pattern]) => pattern.test(name)));

/** The models of the recording, by the file that they are made from and what is added to it. */
async function createModels(page: Page): Promise<void> {
  const stories = file('models/stories260K-f32.gguf');
  const synthetic = brotliDecompressSync(file('models/synthetic-llama-f32.gguf.br'));
  const jinja = JSON.parse(textOf(recorded('show-jinja'))).template as string;
  const base = { model: 'acc-base', file: stories };
  for (const made of [
    base,
    { ...base, model: 'acc-f32' },
    { model: 'acc-bf16', file: saidToBe(synthetic, 32), template: '{{ .Prompt }}' },
    { model: 'test-jinja', file: ggufWithTemplate(stories, jinja) },
    { model: 'bert', file: brotliDecompressSync(file('models/synthetic-bert-f32.gguf.br')) },
    {
      model: 'parrot-think',
      file: createParrot(['<think>', 'a', ' b', '</think>', 'c', ' d']).file(),
      template: thinkTemplate,
    },
    {
      model: 'parrot-stopw',
      file: createParrot(['one', ' two', ' th', 'ree', ' four']).file(),
      template: '{{ .Prompt }}<go>',
    },
    {
      ...base,
      model: 'test',
      template:
        '{{if .System}}System: {{.System}} {{end}}{{if .Prompt}}User: {{.Prompt}} {{end}}{{if .Response}}Assistant: {{.Response}} {{end}}',
    },
    { ...base, model: 'test-chat', template: '{{range .Messages}}{{.Role}}: {{.Content}}\n{{end}}' },
    { ...base, model: 'test-prompt', template: '{{ .Prompt }}' },
    {
      ...base,
      model: 'test-fim',
      template:
        '{{- if .Suffix }}<PRE> {{ .Prompt }} <SUF>{{ .Suffix }} <MID>{{- else }}{{ .Prompt }}{{- end }}',
    },
    { ...base, model: 'test-tools', template: toolsTemplate.replace('<go>', '') },
    { ...base, model: 'test-think', template: thinkTemplate.replace('<go>', '') },
  ])
    await createFromFile(page, made);
  await createToolCaller(page);
  await page.evaluate(async digest => {
    const post = async (path: string, request: object) => {
      const body = JSON.stringify({ ...request, stream: false });
      const response = await fetch(path, { method: 'POST', body });
      if (!response.ok) throw new Error(await response.text());
    };
    for (const model of ['smollm2:135m', 'all-minilm']) await post('/api/pull', { model });
    await post('/api/create', { model: 'smollm2:135m', files: { 'model.gguf': digest } });
    await post('/api/create', { model: 'acc-f16', from: 'acc-bf16', quantize: 'F16' });
  }, smollm2);
}

/** Sends a recorded request through the page's `fetch`. */
const send = (page: Page, { request }: Pick<Exchange, 'request'>) =>
  page.evaluate(async ({ method, path, body }) => {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const init = { method, body: method === 'GET' || method === 'HEAD' ? undefined : text };
    const response = await fetch(`http://localhost:11434${path}`, init);
    const { status, headers } = response;
    const named = ['content-type', 'cache-control'].map(name => [name, headers.get(name) ?? undefined]);
    return { status, headers: Object.fromEntries(named), text: await response.text() };
  }, request);

/** Lines of progress in bytes, of which there are as many as the machine is slow. */
const quantizing = /\{"status":"quantizing .*\n/g;

/** Lines of NDJSON, events, or the one object, each with its event's name where it has one; a text that is none of these, as it is. */
function linesOf(text: string): unknown[] {
  if (!/[{[]/.test(text)) return [text];
  const parts = text.includes('data: ') ? text.trimEnd().split('\n\n') : text.trimEnd().split('\n');
  return parts.map(part => {
    const [, type, data] = /^(?:event: (.*)\n)?(?:data: )?(.*)$/s.exec(part)!;
    return data === '[DONE]' ? data : [type, JSON.parse(data)];
  });
}

/** The types of everything, with names in their order; counts stay, since they are those of the same tokens. */
function shapeOf(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) {
    const items = value.filter(item => !String(item).startsWith('…')); // where the recording was cut
    const shapes = items.map(item => JSON.stringify(shapeOf(item, key)));
    // how many models or numbers there are is not the answer's
    return ['models', 'data', 'tensors'].includes(key) || typeof items[0] !== 'object'
      ? [...new Set(shapes)].sort()
      : shapes;
  }
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).map(([name, inner]) => [name, shapeOf(inner, name)]);
  return /_count$|_tokens$|_reason$|^index$/.test(key) ? value : typeof value;
}

/** What was said, wherever it stands. */
const wordsOf = (text: string) =>
  [...text.matchAll(/"(?:content|response|thinking|text|delta)":("(?:[^"\\]|\\.)*")/g)].map(found =>
    JSON.parse(found[1]),
  );

/** Where two words were all but equally likely, or a draw fell between two: what follows is another text. */
const nearTies: Readonly<Record<string, string>> = {
  'seed-generate': 'This phenomenon occurs because of the ',
  'seed-generate-options': 'The primary reason for ',
  'seed-generate-reproducible': 'When sunlight ',
};
const untilNearTie = (name: string, words: readonly string[]) =>
  name in nearTies ? words.map(text => text.split(nearTies[name])[0]) : words;

test('the answers to recorded requests', async ({ page }) => {
  test.setTimeout(1_200_000);
  await openPlayground(page);
  await createModels(page);
  for (const name of names) {
    await test.step(name, async () => {
      const { request, response } = recorded(name);
      if (name === 'seed-create-safetensors')
        request.body = { model: 'fred', files: await uploadFiles(page, readFolder('tiny-bert')) };
      const expected = response.chunks.map(({ text }) => text).join('');
      const answer = await send(page, { request });
      const headers = { 'content-type': undefined, 'cache-control': undefined, ...response.headers };
      expect.soft(answer, name).toMatchObject({
        status: response.status,
        headers: { 'content-type': headers['content-type'], 'cache-control': headers['cache-control'] },
      });
      if (request.method === 'HEAD') return;
      const [ours, theirs] = [answer.text, expected].map(text => untilNearTie(name, wordsOf(text)));
      expect.soft(ours, name).toEqual(theirs);
      const [mine, recordedShape] = [answer.text, expected].map(text =>
        linesOf(text.replaceAll(quantizing, '')).map(line => shapeOf(line)),
      );
      expect.soft(mine, name).toEqual(recordedShape);
    });
  }
});
