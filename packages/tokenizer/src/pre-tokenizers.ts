/**
 * How text is cut into words before byte-pair encoding, by `tokenizer.ggml.pre`. The expressions are those of the models' own
 * tokenizer.json files; llama.cpp's src/llama-vocab.cpp names them. Expressions are applied one after another, each cutting what the
 * former left, and what none matches stays a word. `\s` of these files is Unicode's White_Space, which JavaScript's `\s` is not.
 */
export interface PreTokenizer {
  readonly words: readonly RegExp[];
  /** A word that is a token as a whole becomes it, whatever the merges say. */
  readonly wholeWords?: true;
  /** BOS is put before a text where the file does not say. */
  readonly addBos?: true;
}

const expression = (source: string) =>
  new RegExp(source.replaceAll('\\s', '\\p{White_Space}').replaceAll('\\S', '\\P{White_Space}'), 'gu');

const contraction = "'(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL])";
const spaces = '\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
const symbols = ' ?[^\\s\\p{L}\\p{N}]+';
const upper = '[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]';
const lower = '[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]';

const gpt2 = expression(`'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+|${symbols}|\\s+(?!\\S)|\\s+`);
const digit = expression('\\p{N}');
const threeDigits = expression('[0-9][0-9][0-9]');
/** Words of llama 3 and Qwen 2, which differ in the digits that a number may have. */
const modern = (number: string) =>
  expression(`${contraction}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${number}|${symbols}[\\r\\n]*|${spaces}`);
/** Words of o200k and Tekken: a capital begins a new word. */
const cased = (number: string, suffix: string) =>
  expression(
    `[^\\r\\n\\p{L}\\p{N}]?${upper}*${lower}+${suffix}|[^\\r\\n\\p{L}\\p{N}]?${upper}+${lower}*${suffix}` +
      `|${number}|${symbols}[\\r\\n/]*|${spaces}`,
  );

const gpt2Words = [gpt2];
const digitWords = [digit, gpt2];
const llama3Words = [modern('\\p{N}{1,3}')];
const qwen2Words = [modern('\\p{N}')];
const o200kWords = [cased('\\p{N}{1,3}', `(?:${contraction})?`)];
const llama3 = { words: llama3Words, wholeWords: true, addBos: true } as const;

/** By `tokenizer.ggml.pre`; a missing key is `default`. */
export const preTokenizers: ReadonlyMap<string, PreTokenizer> = new Map<string, PreTokenizer>([
  [
    'default',
    {
      words: [expression('[\\p{P}\\$\\+<=>\\^~\\|]+'), gpt2, expression('\\p{N}+'), threeDigits],
    },
  ],
  ['gpt-2', { words: gpt2Words }],
  ['mpt', { words: gpt2Words }],
  ['olmo', { words: gpt2Words }],
  ['phi-2', { words: gpt2Words }],
  ['exaone4', { words: gpt2Words }],
  ['gigachat', { words: gpt2Words }],
  ['mellum', { words: gpt2Words }],
  ['granite-docling', { words: gpt2Words }],
  ['smollm', { words: digitWords }],
  ['starcoder', { words: digitWords }],
  ['refact', { words: digitWords }],
  ['command-r', { words: digitWords }],
  ['codeshell', { words: digitWords }],
  ['exaone', { words: digitWords }],
  ['minerva-7b', { words: digitWords }],
  ['llama-bpe', llama3],
  ['llama3', llama3],
  ['llama-v3', llama3],
  ['falcon3', llama3],
  ['falcon-h1', llama3],
  ['pixtral', llama3],
  ['lfm2', llama3],
  ['dbrx', { words: llama3Words }],
  ['smaug-bpe', { words: llama3Words }],
  ['glm4', { words: llama3Words }],
  ['chatglm-bpe', { words: llama3Words }],
  ['qwen2', { words: qwen2Words }],
  ['deepseek-r1-qwen', { words: qwen2Words }],
  ['stablelm2', { words: qwen2Words }],
  ['megrez', { words: qwen2Words }],
  ['hunyuan', { words: qwen2Words }],
  [
    'qwen35',
    {
      words: [
        expression(
          `${contraction}|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|${spaces}`,
        ),
      ],
    },
  ],
  ['gpt-4o', { words: o200kWords }],
  ['llama4', { words: o200kWords }],
  ['tekken', { words: [cased('\\p{N}', '')], wholeWords: true, addBos: true }],
  [
    'falcon',
    {
      words: [expression('[\\p{P}\\$\\+<=>\\^~\\|`]+'), gpt2, threeDigits],
    },
  ],
  [
    'deepseek-coder',
    {
      words: [
        expression('[\\r\\n]'),
        expression('\\s?\\p{L}+'),
        expression('\\s?\\p{P}+'),
        expression('[\\u4e00-\\u9fa5\\u0800-\\u4e00\\uac00-\\ud7ff]+'),
        digit,
      ],
    },
  ],
  [
    'deepseek-v3',
    {
      words: [
        expression('\\p{N}{1,3}'),
        expression('[\\u4e00-\\u9fa5\\u3040-\\u309f\\u30a0-\\u30ff]+'),
        expression(
          '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{\\|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+' +
            `| ?[\\p{P}\\p{S}]+[\\r\\n]*|${spaces}`,
        ),
      ],
    },
  ],
]);

/** Calls `emit` with every word of the text, from left to right. */
export function splitWords(
  text: string,
  expressions: readonly RegExp[],
  emit: (word: string) => void,
  level = 0,
): void {
  if (level === expressions.length) {
    emit(text);
    return;
  }
  const pattern = expressions[level];
  let at = 0;
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    if (match.index > at) splitWords(text.slice(at, match.index), expressions, emit, level + 1);
    splitWords(match[0], expressions, emit, level + 1);
    at = pattern.lastIndex;
  }
  if (at < text.length) splitWords(text.slice(at), expressions, emit, level + 1);
}
