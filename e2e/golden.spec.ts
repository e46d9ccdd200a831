/**
 * The engine in a real Chromium against llama.cpp: greedy text and the ten best logprobs of every stored step, through
 * `/api/generate`. Texts are compared up to the first step whose two best logits lie closer than three times the error that is
 * measured on the way; of the 135M model `GOLDEN_TOKENS` tokens for each prompt: all 64 by default, and on SwiftShader 16 where the
 * faster adapter makes them all as well.
 */
import { readFileSync } from 'node:fs';
import { expect, type Page, test } from '@playwright/test';
import { createTokenizer } from '../packages/tokenizer/src/index.ts';
import { readMetadata } from '../packages/tokenizer/test/fixtures.ts';
import { hasLavapipe } from '../scripts/chromium.mjs';

/** What the reference says of one prompt; `top`: the ten best logprobs of the first steps, best first. */
interface Golden {
  readonly text: string;
  /** The text that each token completes: empty where a character goes on in the next. */
  readonly pieces: readonly string[];
  readonly endsItself: boolean;
  readonly gaps: readonly number[];
  readonly top: readonly (readonly number[])[];
}

/** The lines of a streamed answer, one for each token that completes a text, and a last one. */
type Answer = readonly {
  readonly response: string;
  readonly done_reason?: string;
  readonly prompt_eval_count?: number;
  readonly logprobs?: readonly { readonly top_logprobs: readonly { readonly logprob: number }[] }[];
}[];

const readJson = (name: string) =>
  JSON.parse(readFileSync(new URL(`../fixtures/golden/${name}.json`, import.meta.url), 'utf8'));

interface SmolPrompt {
  readonly id: string;
  readonly prompt: string;
  readonly promptTokens: readonly number[];
  readonly f32: {
    readonly generated: readonly number[];
    readonly text: string;
    readonly stop: 'eog' | 'length';
    readonly gap: readonly number[];
    readonly steps: readonly { readonly lse: number; readonly top: readonly (readonly [number, number])[] }[];
  };
}

interface TinyGolden {
  readonly prompt: string;
  readonly text: string;
  readonly generated: readonly number[];
  readonly steps: readonly { readonly top: readonly { readonly logit: number; readonly p: number }[] }[];
}

const smol: readonly SmolPrompt[] = readJson('smollm2-135m-instruct-q4_1').prompts;
/** Of each tiny model: how far logprobs may be off (the reference of q8_0 rounds activations), and what the reference's decoder dropped at the start of its text. */
const tiny = {
  'stories260K-f32': { bound: 0.0005, dropped: '' },
  'stories260K-q8_0': { bound: 0.2, dropped: '' },
  'llama-2-tiny-random': { bound: 0.0005, dropped: ' ' },
};

/** Opens the playground and pulls a model, by its name or its URL; resolves to the name that it has then. */
async function openPlayground(page: Page, model: string): Promise<string> {
  await page.goto('/playground.html');
  await page.waitForFunction(() => 'llama' in globalThis);
  return page.evaluate(async model => {
    const response = await fetch('/api/pull', {
      method: 'POST',
      body: JSON.stringify({ model, stream: false }),
    });
    if (!response.ok) throw new Error((await response.json()).error);
    return (await (await fetch('/api/tags')).json()).models[0].name;
  }, model);
}

function generate(page: Page, model: string, prompt: string, tokens: number): Promise<Answer> {
  return page.evaluate(
    async ({ model, prompt, tokens }) => {
      const options = { temperature: 0, num_predict: tokens, num_ctx: 1024 };
      const body = { model, prompt, options, raw: true, logprobs: true, top_logprobs: 10 };
      const response = await fetch('/api/generate', { method: 'POST', body: JSON.stringify(body) });
      const lines = (await response.text()).trim().split('\n');
      const answer = lines.map(line => JSON.parse(line));
      const { error } = answer[answer.length - 1];
      if (error) throw new Error(error);
      return answer;
    },
    { model, prompt, tokens },
  );
}

/** Compares an answer of at most `tokens` tokens; returns the largest difference of a logprob and the steps compared. */
function compare(answer: Answer, golden: Golden, tokens: number): { error: number; steps: number } {
  const whole = golden.text.replace(/\uFFFD$/, '');
  const lines = answer.filter(line => line.logprobs);
  const last = Math.min(tokens, golden.pieces.length);
  let error = 0;
  let text = '';
  let said = 0;
  for (let step = 0; step < last; step++) {
    const ends = golden.endsItself && step === golden.pieces.length - 1;
    const isSaid = golden.pieces[step] !== '' && !ends;
    const ours = (isSaid && lines[said]?.logprobs?.[0].top_logprobs) || [];
    for (const [i, logprob] of (golden.top[step] ?? []).entries()) {
      if (i in ours) error = Math.max(error, Math.abs(ours[i].logprob - logprob));
    }
    if (golden.gaps[step] < 3 * error) return { error, steps: step };
    if (ends) {
      expect(answer.at(-1)?.done_reason).toBe('stop');
      expect(text).toBe(whole);
    } else if (isSaid) {
      expect(lines.length, `the answer goes on after ${JSON.stringify(text)}`).toBeGreaterThan(said);
      text += lines[said++].response;
      expect(text, `step ${step}`).toBe(whole.slice(0, text.length));
    }
  }
  return { error, steps: last };
}

/** What each token completes, by the vocabulary of a file. */
async function piecesOf(path: string): Promise<(tokens: readonly number[]) => string[]> {
  const tokenizer = createTokenizer(await readMetadata(path));
  return tokens => {
    const decoder = tokenizer.decoder();
    return tokens.map(token => decoder.push(token));
  };
}

test.describe('smollm2:135m', () => {
  let page: Page;
  let pieces: (tokens: readonly number[]) => string[];

  test.beforeAll(async ({ browser, baseURL }) => {
    pieces = await piecesOf('models/smollm2-135m-instruct-q4_1.gguf');
    page = await browser.newPage({ baseURL });
    await openPlayground(page, 'smollm2:135m');
  });
  test.afterAll(() => page.close());

  for (const { id, prompt, promptTokens, f32 } of smol) {
    test(`${id}: greedy text is the reference's`, async () => {
      const isSlower = test.info().project.name === 'swiftshader' && hasLavapipe();
      const tokens = Number(process.env.GOLDEN_TOKENS ?? (isSlower ? 16 : 64));
      test.setTimeout(60_000 + 300 * promptTokens.length + 3000 * tokens);
      const answer = await generate(page, 'smollm2:135m', prompt, tokens);
      expect(answer.at(-1)?.prompt_eval_count).toBe(promptTokens.length);
      const { error, steps } = compare(
        answer,
        {
          text: f32.text,
          pieces: pieces(f32.generated),
          endsItself: f32.stop === 'eog',
          gaps: f32.gap,
          top: f32.steps.map(({ lse, top }) => top.map(([, logit]) => logit - lse)),
        },
        tokens,
      );
      console.log(`${id}: ${steps} steps equal, logprobs within ${error.toPrecision(2)}`);
      expect(error).toBeLessThan(0.001);
      expect(steps).toBeGreaterThan(0);
    });
  }
});

for (const [name, { bound, dropped }] of Object.entries(tiny)) {
  test(`${name}: greedy text is the reference's`, async ({ page, baseURL }) => {
    const golden: TinyGolden = readJson(name);
    const model = await openPlayground(page, new URL(`/fixtures/models/${name}.gguf`, baseURL).href);
    const answer = await generate(page, model, golden.prompt, golden.generated.length);
    const { error, steps } = compare(
      answer,
      {
        text: dropped + golden.text,
        pieces: (await piecesOf(`fixtures/models/${name}.gguf`))(golden.generated),
        endsItself: false,
        gaps: golden.steps.map(({ top }) => top[0].logit - top[1].logit),
        top: golden.steps.map(({ top }) => top.map(({ p }) => Math.log(p))),
      },
      golden.generated.length,
    );
    console.log(`${name}: ${steps} steps equal, logprobs within ${error.toPrecision(2)}`);
    expect(error).toBeLessThan(bound);
    expect(steps).toBeGreaterThan(0);
  });
}
