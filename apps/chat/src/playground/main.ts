/** Requests to try: an example, edited at will, goes through the page's `fetch`; the raw response streams in beside it. */
import { formatBytes, formatSeconds } from '../format.ts';
import { installLlama } from '../llama.ts';
import { type Example, type ExampleRequest, exampleGroups } from './examples/index.ts';

const byId = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;

const method = byId<HTMLSelectElement>('method');
const path = byId<HTMLInputElement>('path');
const body = byId<HTMLTextAreaElement>('body');
const bodyProblem = byId('body-problem');
const note = byId('note');
const sendButton = byId<HTMLButtonElement>('send');
const abortButton = byId<HTMLButtonElement>('abort');
const status = byId<HTMLOutputElement>('response-status');
const timing = byId('timing');
const headers = byId('headers');
const output = byId('output');

/** Characters shown of one response; a verbose model with its vocabulary is longer than a page should hold. */
const maxShown = 2_000_000;

let running: AbortController | undefined;

function showExamples(): void {
  for (const { title, examples } of exampleGroups) {
    const heading = document.createElement('h2');
    heading.textContent = title;
    const list = document.createElement('ul');
    for (const example of examples) {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'quiet';
      button.textContent = example.title;
      button.addEventListener('click', () => {
        for (const other of document.querySelectorAll('#examples [aria-current]'))
          other.removeAttribute('aria-current');
        button.setAttribute('aria-current', 'true');
        edit(example);
        if (!sendButton.disabled) void send(example.before);
        byId('response').scrollIntoView({ block: 'nearest' }); // on a phone it is below the request
      });
      const item = document.createElement('li');
      item.append(button);
      list.append(item);
    }
    byId('examples').append(heading, list);
  }
}

const asText = (value: object | string = '') =>
  typeof value === 'string' ? value : JSON.stringify(value, null, 2);

function edit(example: Example): void {
  method.value = example.method;
  path.value = example.path;
  body.value = asText(example.body);
  note.textContent = example.note ?? '';
  checkBody();
}

/** Says where the body is not JSON; it is sent all the same, since what the server says to it is worth seeing too. */
function checkBody(): void {
  bodyProblem.textContent = '';
  const isBlob = path.value.includes('/api/blobs/');
  if (body.value.trim() === '' || isBlob) return;
  try {
    JSON.parse(body.value);
  } catch (error) {
    bodyProblem.textContent = `Not JSON: ${(error as Error).message}`;
  }
}

/** What `before` lists goes first; what comes back from that is not looked at, as the request itself says what is missing. */
async function send(before: readonly ExampleRequest[] = []): Promise<void> {
  running?.abort();
  const controller = new AbortController();
  running = controller;
  abortButton.disabled = false;
  status.dataset.kind = '';
  for (const part of [timing, headers, output]) part.textContent = '';
  const { signal } = controller;
  const mayHaveBody = method.value !== 'GET' && method.value !== 'HEAD';
  const url = path.value;
  const init = {
    method: method.value,
    body: mayHaveBody && body.value !== '' ? body.value : undefined,
    signal,
  };
  let begin = performance.now();
  const elapsed = () => formatSeconds((performance.now() - begin) / 1000);
  try {
    for (const step of before) {
      status.textContent = `First: ${step.method} ${step.path}…`;
      await (await fetch(step.path, { method: step.method, body: asText(step.body), signal })).text();
    }
    status.textContent = 'Waiting for the response…';
    begin = performance.now();
    const response = await fetch(url, init);
    status.textContent = `${response.status} ${response.statusText}`;
    status.dataset.kind = response.ok ? 'good' : 'bad';
    headers.textContent = [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
    const first = elapsed();
    const received = { bytes: 0, chunks: 0 };
    const report = () => {
      const size = `${formatBytes(received.bytes)} in ${received.chunks} ${received.chunks === 1 ? 'chunk' : 'chunks'}`;
      timing.textContent = `head after ${first} · ${size} · ${elapsed()}`;
    };
    report();
    await readInto(response, bytes => {
      received.bytes += bytes;
      received.chunks++;
      report();
    });
    report();
  } catch (error) {
    if (running !== controller) return;
    status.textContent = signal.aborted ? `Aborted after ${elapsed()}` : String(error);
    status.dataset.kind = 'bad';
  }
  if (running === controller) abortButton.disabled = true;
}

/** Shows the body as its bytes come. */
async function readInto(response: Response, onChunk: (bytes: number) => void): Promise<void> {
  if (!response.body) return;
  const decoder = new TextDecoder();
  let shown = 0;
  for await (const chunk of response.body) {
    onChunk(chunk.length);
    const text = decoder.decode(chunk, { stream: true });
    if (shown < maxShown) {
      const follow = output.scrollHeight - output.scrollTop - output.clientHeight < 40;
      output.append(text.slice(0, maxShown - shown));
      if (follow) output.scrollTop = output.scrollHeight;
      if (shown + text.length > maxShown) output.append('\n… the rest is not shown');
    }
    shown += text.length;
  }
}

byId('request').addEventListener('submit', event => {
  event.preventDefault();
  if (!sendButton.disabled) void send();
});
byId('request').addEventListener('keydown', event => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey))
    byId<HTMLFormElement>('request').requestSubmit();
});
abortButton.addEventListener('click', () => running?.abort());
body.addEventListener('input', checkBody);
path.addEventListener('input', checkBody);
showExamples();

try {
  Object.assign(globalThis, { llama: await installLlama() });
  status.textContent = 'Ready';
  sendButton.disabled = false;
} catch (error) {
  status.textContent = `install() failed: ${error}`;
  status.dataset.kind = 'bad';
}
