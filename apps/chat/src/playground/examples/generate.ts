import { defaultModel as model } from '../../llama.ts';
import { type ExampleGroup, post } from './example.ts';
import { inserter } from './made-models.ts';
import { availability, image, prompt } from './material.ts';

const path = '/api/generate';

export const generate: ExampleGroup = {
  title: 'Generate a completion',
  examples: [
    post('Streaming', path, { model, prompt }),
    post('No streaming', path, { model, prompt, stream: false }),
    post(
      'With a suffix',
      path,
      {
        model: 'smollm2-insert',
        prompt: 'def compute_gcd(a, b):',
        suffix: '    return result',
        options: { temperature: 0 },
        stream: false,
      },
      {
        before: [inserter],
        note: 'For models whose template has a place for it. One like that is made of the default model first, by its template alone.',
      },
    ),
    post(
      'Structured outputs',
      path,
      {
        model,
        prompt: 'Ollama is 22 years old and is busy saving the world. Respond using JSON',
        stream: false,
        format: availability,
      },
      { note: 'Every token is chosen among those that the schema allows.' },
    ),
    post('JSON mode', path, {
      model,
      prompt: 'What color is the sky at different times of the day? Respond using JSON',
      format: 'json',
      stream: false,
      options: { num_predict: 200 },
    }),
    post(
      'With images',
      path,
      { model, prompt: 'What is in this picture?', stream: false, images: [image] },
      { note: 'The model has no eyes: this is Ollama’s answer then.' },
    ),
    post('Raw mode', path, {
      model,
      prompt: '<|im_start|>user\nwhy is the sky blue?<|im_end|>\n<|im_start|>assistant\n',
      raw: true,
      stream: false,
    }),
    post(
      'Reproducible outputs',
      path,
      { model, prompt, options: { seed: 123, num_predict: 64 } },
      { note: 'The same seed gives the same text, every time.' },
    ),
    post('With options', path, {
      model,
      prompt,
      stream: false,
      options: {
        num_keep: 5,
        seed: 42,
        num_predict: 100,
        draft_num_predict: 4,
        top_k: 20,
        top_p: 0.9,
        min_p: 0.0,
        typical_p: 0.7,
        repeat_last_n: 33,
        temperature: 0.8,
        repeat_penalty: 1.2,
        presence_penalty: 1.5,
        frequency_penalty: 1.0,
        penalize_newline: true,
        stop: ['\n', 'user:'],
        numa: false,
        num_ctx: 1024,
        num_batch: 2,
        num_gpu: 1,
        main_gpu: 0,
        use_mmap: true,
        num_thread: 8,
      },
    }),
    post('Load a model', path, { model }),
    post('Unload a model', path, { model, keep_alive: 0 }),
  ],
};
