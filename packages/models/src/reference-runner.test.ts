import { describe, expect, it } from 'vitest';
import { openFixture, readGolden, tinyModels } from '../test/fixtures.ts';
import { createReferenceRunner } from './reference-runner.ts';

describe.each(tinyModels)('%s on the reference ops', name => {
  it('gives the tokens and logits of llama.cpp', async () => {
    const { gguf, weights } = await openFixture(name);
    const golden = readGolden(name);
    const runner = await createReferenceRunner(gguf, weights, { contextLength: 128 });
    await runner.prefill(golden.promptTokens, 0);
    let position = golden.promptTokens.length;
    for (const step of golden.steps.slice(0, 8)) {
      const logits = await runner.logits();
      const scale = Math.max(...step.top.map(({ logit }) => Math.abs(logit)));
      // llama.cpp rounds activations to 8 bits for quantized weights, and to 16 for F16
      const tolerance = name.endsWith('f32') ? 1e-4 : 2e-2;
      for (const { id, logit } of step.top)
        expect(Math.abs(logits[id] - logit) / scale).toBeLessThan(tolerance);
      await runner.decode(step.token, position++);
    }
  });
});
