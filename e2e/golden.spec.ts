/**
 * The engine in a real Chromium against llama.cpp: greedy text and the ten best logprobs of every stored step, through
 * `/api/generate`. Texts are compared up to the first step whose two best logits lie closer than three times the error that is
 * measured on the way; of the 135M model `GOLDEN_TOKENS` tokens for each prompt (24; all 64 are in the file).
 */
import { readFileSync } from 'node:fs';
import { expect, type Page, test } from '@playwright/test';

/** What the reference says of one prompt; `top`: the ten best logprobs of the first steps, best first. */
interface Golden {
  readonly prompt: string;
  readonly text: string;
  readonly tokens: number;
  readonly endsItself: boolean;
  readonly gaps: readonly number[];
  readonly top: readonly (readonly number[])[];
}

interface Answer {
  readonly response: string;
  readonly done_reason: string;
  readonly prompt_eval_count: number;
  readonly eval_count: number;
  readonly logprobs: readonly {
    readonly bytes: readonly number[];
    readonly top_logprobs: readonly { readonly logprob: number }[];
  }[];
}

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
const tiny = { 'stories260K-f32': 0.001, 'stories260K-q8_0': 0.2, 'llama-2-tiny-random': 0.001 };

/** Opens the playground and pulls a model, by its name or its URL; resolves to the name that it has then. */
async function openPlayground(page: Page, model: string): Promise<string> {
  await page.goto('/playground.html');
  await page.waitForFunction(() => 'llama' in globalThis);
  await page.evaluate(async model => {
    const response = await fetch('/api/pull', {
      method: 'POST',
      body: JSON.stringify({ model, stream: false }),
    });
    if (!response.ok) throw new Error((await response.json()).error);
  }, model);
}

function generate(page: Page, model: string, prompt: string, tokens: number): Promise<Answer> {
  return page.evaluate(
    async ({ model, prompt, tokens }) => {
      const options = { temperature: 0, num_predict: tokens, num_ctx: 1024 };
      const body = { model, prompt, options, raw: true, stream: false, logprobs: true, top_logprobs: 10 };
      const response = await fetch('/api/generate', { method: 'POST', body: JSON.stringify(body) });
      const answer = await response.json();
      if (!response.ok) throw new Error(answer.error);
      return answer;
    },
    { model, prompt, tokens },
  );
}

/** Compares an answer of at most `tokens` tokens; returns the largest difference of a logprob and the steps compared. */
function compare(answer: Answer, golden: Golden, tokens: number): { error: number; steps: number } {
  const whole = Buffer.from(golden.text.replace(/\uFFFD$/, ''));
  const pieces = answer.logprobs.map(step => Buffer.from(step.bytes));
  let error = 0;
  let steps = 0;
  let length = 0;
  while (steps < Math.min(tokens, golden.tokens)) {
    // A step is only comparable while everything before it was the same.
    const ours = answer.logprobs[steps]?.top_logprobs.map(({ logprob }) => logprob) ?? [];
    const top = golden.top[steps] ?? [];
    for (const [i, logprob] of ours.entries())
      if (i in top) error = Math.max(error, Math.abs(logprob - top[i]));
    if (golden.gaps[steps] < 3 * error) break;
    const last = steps === golden.tokens - 1;
    if (last && golden.endsItself) {
      expect(answer.done_reason, `step ${steps}: ${JSON.stringify(answer.response)}`).toBe('stop');
      expect(answer.response).toBe(golden.text);
    } else {
      expect(pieces.length, `step ${steps} is there`).toBeGreaterThan(steps);
      length += pieces[steps].length;
      const text = Buffer.concat(pieces.slice(0, steps + 1));
      // The reference's text leaves out what its last token cut off.
      const known = Math.min(length, whole.length);
      expect(text.subarray(0, known).toString(), `step ${steps}`).toBe(whole.subarray(0, known).toString());
    }
    steps++;
  }
  return { error, steps };
}

test.describe('smollm2:135m', () => {
  const tokens = Number(process.env.GOLDEN_TOKENS ?? 24);
  let page: Page;

  test.beforeAll(async ({ browser, baseURL }) => {
    page = await browser.newPage({ baseURL });
    await openPlayground(page, 'smollm2:135m');
  });
  test.afterAll(() => page.close());

  for (const { id, prompt, promptTokens, f32 } of smol) {
    test(`${id}: greedy text is the reference's`, async () => {
      test.setTimeout(60_000 + 5000 * tokens);
      const answer = await generate(page, 'smollm2:135m', prompt, tokens);
      expect(answer.prompt_eval_count).toBe(promptTokens.length);
      const { error, steps } = compare(
        answer,
        {
          prompt,
          text: f32.text,
          tokens: f32.generated.length,
          endsItself: f32.stop === 'eog',
          gaps: f32.gap,
          top: f32.steps.map(({ lse, top }) => top.map(([, logit]) => logit - lse)),
        },
        tokens,
      );
      test.info().annotations.push({
        type: 'measured',
        description: `${steps} steps equal, logprobs within ${error}`,
      });
      expect(error).toBeLessThan(0.05);
      expect(steps).toBeGreaterThan(0);
    });
  }
});

for (const [name, bound] of Object.entries(tiny)) {
  test(`${name}: greedy text is the reference's`, async ({ page, baseURL }) => {
    const golden: TinyGolden = readJson(name);
    const model = await openPlayground(page, new URL(`/fixtures/models/${name}.gguf`, baseURL).href);
    const answer = await generate(page, model, golden.prompt, golden.generated.length);
    const { error, steps } = compare(
      answer,
      {
        prompt: golden.prompt,
        text: golden.text,
        tokens: golden.generated.length,
        endsItself: false,
        gaps: golden.steps.map(({ top }) => top[0].logit - top[1].logit),
        top: golden.steps.map(({ top }) => top.map(({ p }) => Math.log(p))),
      },
      golden.generated.length,
    );
    test
      .info()
      .annotations.push({ type: 'measured', description: `${steps} steps equal, logprobs within ${error}` });
    expect(error).toBeLessThan(bound);
    expect(steps).toBeGreaterThan(0);
  });
}
