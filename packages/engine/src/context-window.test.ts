import { describe, expect, it } from 'vitest';
import { fitPrompt, shiftTokens } from './context-window.ts';

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

describe('a prompt beyond the context', () => {
  it('keeps its first tokens and as many of the last as leave half of the rest free', () => {
    expect(fitPrompt(range(20), 8, 3, {})).toEqual([0, 1, 2, 17, 18, 19]);
    expect(fitPrompt(range(5000), 4096, 5, {})).toHaveLength(2051);
    expect(fitPrompt(range(5000), 4096, 5000, {})).toEqual(range(4095));
    expect(fitPrompt(range(8), 8, 0, {})).toEqual([4, 5, 6, 7]);
  });

  it('is left alone when one position is free', () => {
    expect(fitPrompt(range(7), 8, 3, { truncate: false, shift: false })).toEqual(range(7));
  });

  it('may fill what the window has beyond what was asked for, if it may not be cut', () => {
    expect(fitPrompt(range(255), 128, 4, { truncate: false }, 256)).toEqual(range(255));
    expect(() => fitPrompt(range(256), 128, 4, { truncate: false }, 256)).toThrow('(256 tokens), try');
    expect(fitPrompt(range(255), 128, 4, {}, 256)).toHaveLength(66);
    expect(() => fitPrompt(range(255), 128, 4, { shift: false }, 256)).toThrow('the prompt is longer');
  });

  it('is refused where it may not be cut, in the words of the runner or of Ollama', () => {
    const message =
      '{"error":{"code":400,"message":"request (310 tokens) exceeds the available context size (256 tokens), try ' +
      'increasing it","type":"exceed_context_size_error","n_prompt_tokens":310,"n_ctx":256}}';
    const cut = (request: Parameters<typeof fitPrompt>[3]) => () => fitPrompt(range(310), 256, 4, request);
    expect(cut({ truncate: false })).toThrow(expect.objectContaining({ status: 400, message }));
    expect(cut({ shift: false })).toThrow(
      expect.objectContaining({
        status: 400,
        message: expect.stringMatching(/^the prompt is longer than the context/),
      }),
    );
  });
});

describe('a full cache', () => {
  it('loses half of what is not kept', () => {
    expect(shiftTokens(range(15), 16, 5)).toEqual([0, 1, 2, 3, 4, 10, 11, 12, 13, 14]);
  });

  it('always loses something', () => {
    expect(shiftTokens(range(15), 16, 100)).toEqual([...range(12), 13, 14]);
    expect(shiftTokens(range(1), 2, 4)).toEqual([]);
  });
});
