/** The tokenizer of a model's folder as a GGUF's metadata. Source: `convert/tokenizer.go` and `tokenizer_spm.go` in ollama/ollama. */
import type { GgufValue } from '@tabllama/gguf';
import { asObject, type Folder, type Json } from './folder.ts';
import { readSentencePieces } from './sentence-piece.ts';

const [NORMAL, CONTROL, USER_DEFINED] = [1, 3, 4];

export interface Vocabulary {
  readonly model: string;
  readonly tokens: string[];
  readonly scores: number[];
  readonly types: number[];
}

export interface Tokenizer {
  readonly vocabulary: Vocabulary;
  /** Ids of the tokens that have a role, by its name in the GGUF. */
  readonly ids: ReadonlyMap<string, number>;
  /** Everything else, by the whole key. */
  readonly values: ReadonlyMap<string, GgufValue>;
}

/** Roles by their names in tokenizer_config.json; in a GGUF some are called otherwise. */
const roles = {
  bos: 'bos',
  eos: 'eos',
  unk: 'unknown',
  sep: 'seperator',
  pad: 'padding',
  cls: 'cls',
  mask: 'mask',
};

/** Names of pre-tokenizers by the sha256 of their expressions, one after another. */
const preTokenizers: Readonly<Record<string, string>> = {
  d98f9631be1e9607a9848c26c1f9eac1aa9fc21ac6ba82a2fc0741af9780a48f: 'llama-bpe',
  '03df5c5863ad70781dcfdef491ead25140f895fe8010964be0daefe27be32b02': 'deepseek-llm',
  '21cde974d587f0d54dc8d56b183cc1e6239600172035c68fbd6d4b9f8da0576e': 'deepseek-coder',
  '1ff7f41064896984db5d1bb6ff64fa4bc29007d08c1b439e505b7392777a319e': 'qwen2',
  '00431aed57e696b747435f734d1e3b9b1bfd931a121fb5cac7129e97c181e9ba': 'qwen35',
};

export async function readTokenizer(folder: Folder): Promise<Tokenizer> {
  const file = folder.has('tokenizer.json') ? asObject(await folder.json('tokenizer.json')) : undefined;
  const config = folder.has('tokenizer_config.json')
    ? asObject(await folder.json('tokenizer_config.json'))
    : {};
  const generation = folder.has('generation_config.json')
    ? asObject(await folder.json('generation_config.json'))
    : {};
  const added = addedTokens(file);
  const idOf = new Map(added.map(({ id, content }) => [content, id]));
  const values = new Map<string, GgufValue>([['tokenizer.ggml.pre', await preTokenizer(file)]]);
  const merges = readMerges(asObject(file?.model).merges);
  if (merges.length > 0) values.set('tokenizer.ggml.merges', merges);
  const { type, lowercase, strip_accents } = asObject(file?.normalizer);
  if (type === 'BertNormalizer' && typeof lowercase === 'boolean') {
    values.set('tokenizer.ggml.normalizer.lowercase', lowercase);
    if (typeof strip_accents === 'boolean')
      values.set('tokenizer.ggml.normalizer.strip_accents', strip_accents);
  }
  const template = await chatTemplate(folder, config);
  if (template) values.set('tokenizer.chat_template', template);
  const ids = new Map<string, number>();
  for (const [role, name] of Object.entries(roles)) {
    const token = config[`${role}_token`];
    const content = typeof token === 'string' ? token : asObject(token).content;
    const id = typeof content === 'string' ? idOf.get(content) : undefined;
    if (id === undefined) continue;
    ids.set(name, id);
    const isAdded = config[`add_${role}_token`];
    if (typeof isAdded === 'boolean') values.set(`tokenizer.ggml.add_${name}_token`, isAdded);
    const several = generation[`${role}_token_id`];
    if (isIds(several)) values.set(`tokenizer.ggml.${name}_token_ids`, Int32Array.from(several));
  }
  if (folder.has('tokenizer.model')) return { vocabulary: await sentencePieces(folder), ids, values };
  if (!file) throw new Error('unknown tokenizer format');
  return { vocabulary: vocabularyOf(file, added), ids, values };
}

interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
}

function addedTokens(file: Json | undefined): AddedToken[] {
  const tokens = Array.isArray(file?.added_tokens) ? file.added_tokens : [];
  return tokens.map(token => {
    const { id, content, special } = asObject(token);
    if (!isId(id) || typeof content !== 'string') throw new Error('tokenizer.json: an added token is none');
    return { id, content, special: special === true };
  });
}

/** A vocabulary of byte pairs, or of word pieces. */
function vocabularyOf(file: Json, added: readonly AddedToken[]): Vocabulary {
  const { type, vocab, byte_fallback } = asObject(file.model);
  if (typeof vocab !== 'object' || vocab === null || Array.isArray(vocab)) {
    throw new Error(`tokenizer.json: a ${type} vocabulary is not supported`);
  }
  if (byte_fallback === true && !JSON.stringify([file.pre_tokenizer, file.decoder]).includes('"ByteLevel"')) {
    throw new Error('tokenizer.json: a SentencePiece vocabulary needs its tokenizer.model');
  }
  const tokens: string[] = [];
  const types: number[] = [];
  const put = (id: unknown, text: string, tokenType: number) => {
    if (!isId(id)) throw new Error(`tokenizer.json: ${JSON.stringify(text)} has id ${id}`);
    tokens[id] = text;
    types[id] = tokenType;
  };
  for (const [text, id] of Object.entries(vocab)) put(id, text, NORMAL);
  for (const { id, content, special } of added) put(id, content, special ? CONTROL : USER_DEFINED);
  const missing = tokens.findIndex(text => typeof text !== 'string');
  if (missing >= 0) throw new Error(`tokenizer.json: no token has id ${missing}`);
  return { model: 'gpt2', tokens, scores: tokens.map((_, id) => id), types };
}

async function sentencePieces(folder: Folder): Promise<Vocabulary> {
  const pieces = readSentencePieces(await folder.bytes('tokenizer.model'));
  const special = new Set<unknown>();
  if (folder.has('special_tokens_map.json')) {
    const map = asObject(await folder.json('special_tokens_map.json'));
    const more = Array.isArray(map.additional_special_tokens) ? map.additional_special_tokens : [];
    for (const token of more) special.add(typeof token === 'string' ? token : asObject(token).content);
  }
  const tokens = pieces.map(({ text }) => text);
  const scores = pieces.map(({ score }) => score);
  const types = pieces.map(({ text, type }) => (type === NORMAL && special.has(text) ? CONTROL : type));
  const added = folder.has('added_tokens.json') ? asObject(await folder.json('added_tokens.json')) : {};
  for (const [text, id] of Object.entries(added).sort(([, a], [, b]) => Number(a) - Number(b))) {
    if (tokens[Number(id)] === text) continue;
    if (isId(id) && id < tokens.length) {
      throw new Error(`token mismatch: ${text} != ${tokens[id]} at pos [${id}]`);
    }
    if (id !== tokens.length) throw new Error(`invalid token id: [${id}] as pos [${tokens.length}]`);
    tokens.push(text);
    scores.push(-1000);
    types.push(USER_DEFINED);
  }
  return { model: 'llama', tokens, scores, types };
}

/** Pairs as texts with a blank between, however they are written. */
function readMerges(merges: unknown): string[] {
  if (merges === undefined || merges === null) return [];
  const texts = Array.isArray(merges)
    ? merges.map(one => (Array.isArray(one) ? one.join(' ') : one))
    : [null];
  if (texts.every(text => typeof text === 'string')) return texts;
  throw new Error('could not parse tokenizer merges. expected []string or [][]string');
}

async function preTokenizer(file: Json | undefined): Promise<string> {
  const { type, pretokenizers = [] } = asObject(file?.pre_tokenizer);
  const parts = (Array.isArray(pretokenizers) ? pretokenizers : []).map(asObject);
  // two that have no expressions, by their kinds; Ollama counts them as `default`
  if (parts.map(part => part.type).join() === 'Digits,ByteLevel') return 'smollm';
  if (type === 'ByteLevel') return 'gpt-2';
  const expressions = parts.map(part => (part.type === 'Split' ? (asObject(part.pattern).Regex ?? '') : ''));
  const bytes = new TextEncoder().encode(expressions.join(''));
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return preTokenizers[[...hash].map(byte => byte.toString(16).padStart(2, '0')).join('')] ?? 'default';
}

/** One template, the one called `default` of several, or a file of its own. */
async function chatTemplate(folder: Folder, { chat_template: given }: Json): Promise<string | undefined> {
  if (typeof given === 'string') return given;
  if (Array.isArray(given)) {
    const { template } = asObject(given.map(asObject).find(({ name }) => name === 'default'));
    return typeof template === 'string' ? template : undefined;
  }
  return folder.has('chat_template.jinja') ? folder.text('chat_template.jinja') : undefined;
}

/** Ids are bounded, since they become places in arrays. */
const isId = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 1 << 24;
const isIds = (value: unknown): value is number[] => Array.isArray(value) && value.every(isId);
