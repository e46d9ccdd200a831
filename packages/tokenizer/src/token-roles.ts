/**
 * Tokens with a role that files do not tell, found by their texts: the table and its exceptions are those of llama.cpp's
 * src/llama-vocab.cpp, where the reasons are.
 */
import { TokenType } from './token-type.ts';

/** Texts that end an answer in some model family; such tokens are control tokens, whatever the file says. */
const endTexts = [
  '<|eot_id|>',
  '<|eom_id|>',
  '<|im_end|>',
  '<|end|>',
  '<|return|>',
  '<|call|>',
  '<|calls|>',
  '<|flush|>',
  '<|endoftext|>',
  '<|end_of_text|>',
  '<|tool_response>',
  '<end_of_turn>',
  '<end_of_utterance>',
  '<turn|>',
  '</s>',
  '<eos>',
  '<EOT>',
  '_<EOT>',
  '[EOT]',
  '[EOS]',
  '[e~[',
  '<｜end▁of▁sentence｜>',
] as const;

/** Fill-in-the-middle tokens: the key that names one, whether it ends an answer, and its texts where the key is missing. */
const infillTokens: readonly (readonly [field: string, ends: boolean, texts: readonly string[]])[] = [
  [
    'fim_pre_token_id',
    false,
    [
      '<|fim_prefix|>',
      '<fim-prefix>',
      '<fim_prefix>',
      '<｜fim▁begin｜>',
      '<PRE>',
      '▁<PRE>',
      '<|code_prefix|>',
      '<|prefix|>',
    ],
  ],
  [
    'fim_suf_token_id',
    false,
    [
      '<|fim_suffix|>',
      '<fim-suffix>',
      '<fim_suffix>',
      '<｜fim▁hole｜>',
      '<SUF>',
      '▁<SUF>',
      '<|code_suffix|>',
      '<|suffix|>',
    ],
  ],
  [
    'fim_mid_token_id',
    false,
    [
      '<|fim_middle|>',
      '<fim-middle>',
      '<fim_middle>',
      '<｜fim▁end｜>',
      '<MID>',
      '▁<MID>',
      '<|code_middle|>',
      '<|middle|>',
    ],
  ],
  ['fim_pad_token_id', true, ['<|fim_pad|>', '<fim-pad>', '<fim_pad>', '<PAD>', '[PAD]']],
  ['fim_rep_token_id', true, ['<|fim_repo|>', '<|repo_name|>', '<fim-repo>', '<REPO>', '<reponame>']],
  ['fim_sep_token_id', true, ['<|file_sep|>']],
];

/** Parts of gpt-oss's answers, which are always shown. */
const shownTexts = ['<|channel|>', '<|message|>', '<|start|>', '<|constrain|>'];

const roleTexts: ReadonlySet<string> = new Set([
  ...endTexts,
  ...infillTokens.flatMap(([, , texts]) => texts),
  ...shownTexts,
]);

/**
 * Sets the types of tokens with a role, and returns those that end an answer.
 * @param named the id that the file gives under a key of `tokenizer.ggml.`, if any
 */
export function assignRoles(
  tokens: readonly string[],
  types: Uint8Array,
  named: (field: string) => number | undefined,
): Set<number> {
  const roles = new Map<string, number>();
  for (let id = 0; id < tokens.length; id++) {
    if (roleTexts.has(tokens[id]) && !roles.has(tokens[id])) roles.set(tokens[id], id);
  }
  const ends = new Set<number>();
  for (const [field, isEnd, texts] of infillTokens) {
    let id = named(field);
    if (id === undefined) {
      id = texts.map(text => roles.get(text)).find(found => found !== undefined);
      if (id !== undefined) types[id] = TokenType.control;
    }
    if (isEnd && id !== undefined) ends.add(id);
  }
  for (const text of endTexts) {
    const id = roles.get(text);
    if (id === undefined) continue;
    ends.add(id);
    types[id] = TokenType.control;
  }
  for (const text of shownTexts) {
    const id = roles.get(text);
    if (id !== undefined) types[id] = TokenType.userDefined;
  }
  for (const field of ['eos_token_id', 'eot_token_id', 'eom_token_id']) {
    const id = named(field);
    if (id !== undefined) ends.add(id);
  }

  // two families write these texts in the middle of an answer
  const has = (text: string) => roles.has(text);
  const notAnEnd = (text: string, type: number) => {
    const id = roles.get(text);
    if (id !== undefined && ends.delete(id)) types[id] = type;
  };
  const calls = has('<|call|>') || has('<|calls|>');
  if (calls && (has('<|return|>') || has('<|flush|>'))) notAnEnd('<|end|>', TokenType.userDefined);
  if (has('<|tool_response>')) notAnEnd('</s>', TokenType.normal);
  return ends;
}
