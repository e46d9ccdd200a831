import { greedy } from '@tabllama/kernels';
import { createReferenceRunner, type Runner } from '@tabllama/models';
import { describe, expect, it } from 'vitest';
import { openFixture, readGolden } from '../../models/test/fixtures.ts';
import { Session } from './session.ts';

const golden = readGolden('stories260K-f32');
const { gguf, weights } = await openFixture('stories260K-f32');
const openRunner = (contextLength = 128) => createReferenceRunner(gguf, weights, { contextLength });

/** A runner that notes how many tokens each prefill ran. */
const counting = (runner: Runner) => {
  const ran: number[] = [];
  const prefill: Runner['prefill'] = async (tokens, position, signal) => {
    ran.push(tokens.length);
    return runner.prefill(tokens, position, signal);
  };
  return { ran, runner: { ...runner, prefill } };
};

const take = async (session: Session, count: number) => {
  const tokens: number[] = [];
  for await (const token of session.sample(greedy)) {
    if (tokens.push(token) === count) break;
  }
  return tokens;
};

describe('a session', () => {
  it('generates what llama.cpp generates', async () => {
    const session = new Session(await openRunner());
    await session.sync(golden.promptTokens);
    expect(await take(session, 24)).toEqual(golden.generated.slice(0, 24));
  });

  it('keeps the longest common prefix and runs only the rest, to the same logits as from the start', async () => {
    const { ran, runner } = counting(await openRunner());
    const session = new Session(runner);
    const { promptTokens, generated } = golden;
    expect(await session.sync(promptTokens)).toBe(0);
    await take(session, 6);
    // five of the six are surely in the cache: the last was chosen, not run
    const next = [...promptTokens, ...generated.slice(0, 5), 300, 301];
    expect(await session.sync(next)).toBe(promptTokens.length + 5);
    expect(ran).toEqual([promptTokens.length, 2]);
    const fresh = new Session(await openRunner());
    await fresh.sync(next);
    expect(await session.logits()).toEqual(await fresh.logits());
  });

  it('runs the last token of a prompt it knows already', async () => {
    const { ran, runner } = counting(await openRunner());
    const session = new Session(runner);
    await session.sync(golden.promptTokens);
    await take(session, 3);
    expect(await session.sync(golden.promptTokens)).toBe(golden.promptTokens.length - 1);
    expect(ran[1]).toBe(1);
    expect(await take(session, 3)).toEqual(golden.generated.slice(0, 3));
  });

  it('knows what it holds after an abort in the middle of a prefill', async () => {
    const runner = await openRunner();
    const session = new Session({
      ...runner,
      // aborted after the first tile
      prefill: (tokens, position, signal) => runner.prefill(signal ? tokens.slice(0, 32) : tokens, position),
    });
    const prompt = Array.from({ length: 80 }, (_, i) => 260 + i);
    const stop = AbortSignal.abort('enough');
    await expect(session.sync(prompt, stop)).rejects.toBe('enough');
    expect(session.tokens).toEqual(prompt.slice(0, 32));
    expect(await session.sync(prompt)).toBe(32);
    const fresh = new Session(await openRunner());
    await fresh.sync(prompt);
    expect(await session.logits()).toEqual(await fresh.logits());
  });

  it('stops when the last position but one is taken', async () => {
    const session = new Session(await openRunner(16));
    await session.sync(golden.promptTokens);
    expect(await take(session, 100)).toEqual(golden.generated.slice(0, 16 - golden.promptTokens.length));
    expect(session.isFull).toBe(true);
  });

  it('refuses a token that is none: the logits were no numbers', async () => {
    async function* sample() {
      yield 0xffffffff;
    }
    const session = new Session({ ...(await openRunner()), sample });
    await session.sync(golden.promptTokens);
    await expect(take(session, 1)).rejects.toMatchObject({
      status: 500,
      message: 'the model computed logits that are not numbers',
    });
  });

  it('ends the call under way when the device is lost, though the runner never answers', async () => {
    const { promise: lost, resolve: lose } = Promise.withResolvers<string>();
    const session = new Session({ ...(await openRunner()), lost, decode: () => new Promise(() => {}) });
    await session.sync(golden.promptTokens);
    const decode = session.decode(300);
    lose('the device was lost');
    await expect(decode).rejects.toThrow('the device was lost');
    await expect(session.logits()).rejects.toMatchObject({ status: 500 });
  });

  it('blames the device for a call that failed as it was lost', async () => {
    const { promise: lost, resolve: lose } = Promise.withResolvers<string>();
    const session = new Session({
      ...(await openRunner()),
      lost,
      decode() {
        setTimeout(lose, 5, 'the device was lost');
        return Promise.reject(new Error('buffer destroyed'));
      },
    });
    await session.sync(golden.promptTokens);
    await expect(session.decode(300)).rejects.toThrow('the device was lost');
  });
});
