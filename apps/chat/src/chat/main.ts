/** The chat page: prepares the model, then answers; everything through Ollama's API, served by this page itself. */
import { formatBytes } from '../format.ts';
import { defaultModel, defaultModelOptions, installLlama } from '../llama.ts';
import { type AnswerStats, chat as ask, type InstalledModel, installedModels, load } from '../ollama.ts';
import { createComposer } from './composer.ts';
import { createConversationView } from './conversation-view.ts';
import { type Chat, deleteChat, isKept, listChats, newChat, saveChat, type Turn } from './history.ts';
import { createHistoryView } from './history-view.ts';
import { fetchModel, type Progress } from './prepare.ts';
import { createProblemView, type Problem } from './problem-view.ts';
import { createSetupView } from './setup-view.ts';
import { findMissing } from './webgpu.ts';

const byId = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;

const start = byId('start');
const ideas = byId('ideas');
const status = byId('status');
const modelSelect = byId<HTMLSelectElement>('model');
const setup = createSetupView(byId('setup'));
const problem = createProblemView(byId('problem'));
const composer = createComposer(
  {
    form: byId<HTMLFormElement>('composer'),
    message: byId<HTMLTextAreaElement>('message'),
    send: byId<HTMLButtonElement>('send'),
    stop: byId<HTMLButtonElement>('stop'),
  },
  { send, stop: () => answer?.stop() },
);
const conversation = createConversationView(
  {
    log: byId('log'),
    turns: byId('turns'),
    template: byId<HTMLTemplateElement>('turn-template'),
    toLatest: byId<HTMLButtonElement>('to-latest'),
  },
  retry,
);
const history = createHistoryView(
  {
    nav: byId('history'),
    list: byId('chats'),
    template: byId<HTMLTemplateElement>('chat-template'),
    opener: byId<HTMLButtonElement>('open-history'),
  },
  { open: openChat, remove: removeChat },
);

/** Where the chosen model is remembered. */
const modelKey = 'tabllama.model';
let model = defaultModel;
let models: InstalledModel[] = [];
/** The graphics adapter that the model runs on, in words. */
let adapter = '';
let isReady = false;
/** Ends the fetching and loading that goes on, if any does. */
let preparing: AbortController | undefined;
let current: Chat = newChat();
/** The answer that is being made. */
let answer: { stop(): void; keepSoFar(): void } | undefined;

function showStart(): void {
  start.hidden = current.turns.length > 0;
  ideas.hidden = !isReady;
}

// Chats: the address says which one is open, so that a reload and the back button find it.

function openChat(id: string): void {
  location.hash = id;
  history.close();
  composer.focus();
}

function removeChat(id: string): void {
  deleteChat(id);
  if (id === current.id) location.hash = '';
  history.show(listChats(), current.id);
}

function followAddress(): void {
  const id = location.hash.slice(1);
  if (id === current.id) return;
  answer?.stop();
  current = listChats().find(chat => chat.id === id) ?? newChat();
  if (current.turns.at(-1)?.role === 'user') {
    const error = 'The page was closed before this was answered.';
    current.turns.push({ role: 'assistant', content: '', ended: { error } });
  }
  conversation.show(current.turns);
  history.show(listChats(), current.id);
  showStart();
}

function keep(chat: Chat): void {
  try {
    saveChat(chat);
  } catch (error) {
    showStatus(`This chat cannot be kept: ${messageOf(error)}`);
  }
  history.show(listChats(), current.id);
}

// Answers

function send(text: string): void {
  const isNew = current.turns.length === 0;
  current.turns.push({ role: 'user', content: text });
  keep(current);
  if (isNew) location.hash = current.id;
  conversation.addUser(text);
  showStart();
  void respond(current);
}

function retry(): void {
  if (!isReady || answer) return;
  current.turns.pop();
  conversation.removeLast();
  void respond(current);
}

async function respond(chat: Chat): Promise<void> {
  const messages = chat.turns
    .filter(turn => turn.content !== '')
    .map(({ role, content }) => ({ role, content }));
  const view = conversation.addAnswer();
  const options = model === defaultModel ? defaultModelOptions : undefined;
  const abort = new AbortController();
  let content = '';
  let stats: AnswerStats | undefined;
  let ended: Turn['ended'] = 'stopped';
  const turn = (): Turn => ({ role: 'assistant', content, stats, ended });
  answer = {
    stop: () => abort.abort(),
    keepSoFar: () => saveChat({ ...chat, turns: [...chat.turns, turn()] }),
  };
  composer.set('answering');
  showStatus('Reading the message');
  try {
    for await (const line of ask({ model, messages, options }, abort.signal)) {
      if (content === '') showStatus('Answering');
      content += line.message.content;
      view.update(content);
      if (!line.done) continue;
      stats = line as AnswerStats;
      ended = line.done_reason === 'length' ? 'length' : undefined;
    }
  } catch (error) {
    if (!abort.signal.aborted) ended = { error: messageOf(error) };
  }
  chat.turns.push(turn());
  view.finish(turn());
  answer = undefined;
  if (isKept(chat.id)) keep(chat);
  composer.set(isReady ? 'ready' : 'waiting');
  if (isReady) showIdle();
}

// Leaving in the middle of an answer keeps what there is of it.
addEventListener('pagehide', () => answer?.keepSoFar());

// The model

const stepTexts = {
  download: 'Downloading the model',
  verify: 'Verifying the model',
  compile: 'Compiling for this GPU',
  upload: 'Uploading the model to the GPU',
} satisfies Record<Progress['step'], string>;

function showProgress(progress: Progress): void {
  // What comes late, after the load it tells of, is no news.
  if (preparing) setup.show(model, progress);
  if (preparing || answer) showStatus(stepTexts[progress.step]);
}

function showStatus(text: string): void {
  if (status.textContent !== text) status.textContent = text;
}

function showIdle(): void {
  const installed = models.find(({ name }) => name === model);
  if (!installed) return;
  const { parameter_size, quantization_level } = installed.details;
  showStatus(
    `${model} · ${parameter_size} · ${quantization_level} · ${formatBytes(installed.size)} · on ${adapter}. Nothing leaves this machine.`,
  );
}

async function prepare(): Promise<void> {
  preparing?.abort();
  const controller = new AbortController();
  const { signal } = controller;
  preparing = controller;
  isReady = false;
  problem.hide();
  composer.set('waiting');
  showStart();
  let failed: Problem = {
    title: 'The model could not be fetched',
    text: '',
    remedies: [
      `It comes from ${location.origin}: is that server running, and has it the model’s file?`,
      'What is downloaded already is kept; trying again goes on from there.',
    ],
  };
  try {
    await fetchModel(model, showProgress, signal);
    failed = { title: 'The model could not be loaded', text: '' };
    models = await installedModels();
    showProgress({ step: 'compile' });
    await load(model, signal);
  } catch (error) {
    if (signal.aborted) return;
    preparing = undefined;
    setup.hide();
    showStatus('');
    problem.show({ ...failed, text: messageOf(error) }, () => void prepare());
    return;
  }
  preparing = undefined;
  setup.hide();
  isReady = true;
  showModels();
  showStart();
  showIdle();
  composer.set('ready');
}

function showModels(): void {
  modelSelect.replaceChildren(...models.map(({ name }) => new Option(name, name, false, name === model)));
  byId('model-choice').hidden = models.length < 2;
}

modelSelect.addEventListener('change', () => {
  answer?.stop();
  model = modelSelect.value;
  localStorage.setItem(modelKey, model);
  void prepare();
});

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function begin(): Promise<void> {
  const missing = await findMissing();
  if (missing) {
    composer.set('off');
    const title = `This page needs WebGPU, and ${missing.what} is missing`;
    problem.show({ title, text: missing.meaning, remedies: missing.remedies }, () => location.reload());
    return;
  }
  const llama = await installLlama(({ phase, ...bytes }) =>
    showProgress(phase === 'upload' ? { step: phase, ...bytes } : { step: phase }),
  );
  const device = await llama.device();
  if ('missing' in device) {
    composer.set('off');
    problem.show({ title: 'This page needs WebGPU', text: device.missing }, () => location.reload());
    return;
  }
  adapter = device.adapter;
  models = await installedModels();
  const remembered = localStorage.getItem(modelKey);
  if (models.some(({ name }) => name === remembered)) model = remembered!;
  await prepare();
}

byId('new-chat').addEventListener('click', () => openChat(''));
for (const idea of ideas.querySelectorAll('button')) {
  idea.addEventListener('click', () => {
    if (isReady && !answer) send(idea.textContent);
  });
}
addEventListener('hashchange', followAddress);
followAddress();
showStart();
history.show(listChats(), current.id);
composer.focus();
void begin();
if (import.meta.env.PROD) void navigator.serviceWorker?.register('/sw.js');
