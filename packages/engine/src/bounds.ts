/** What a part of an answer is bound to, token by token: JSON by a grammar, one of some texts, or a row of these. */
import { StatusError } from '@tabllama/api';
import { argumentsOf, type Expected, type OutputParser, readTools } from '@tabllama/chat';
import type { Grammar } from '@tabllama/grammar';
import type { Tokenizer } from '@tabllama/tokenizer';
import type { GrammarModule, ModelTokens } from './vocabulary.ts';

export interface Bounds {
  /** Takes a token in, or refuses it. */
  accept(token: number): boolean;
  /** Sets the bits of the tokens that may come next. False where none may: all is said. */
  mask(bits: Uint32Array): boolean;
  /** The tokens that follow whatever is chosen; they count as taken. Absent: each is chosen. */
  forced?(): readonly number[];
}

/** A word may be one token with what comes after it; so many tokens at the end of forced text are left to be chosen. */
const MOST_OPEN = 4;

/** Of a request's format. Throws StatusError 400 for a schema that is refused. */
export const formatBounds = (format: string, model: ModelTokens): Bounds =>
  jsonBounds(compile(model.grammar, format, 'format'), model);

/** Of calls of tools, by what a parser may expect. Throws StatusError 400 for a tool whose schema is refused. */
export function callBoundsOf(
  { shapes = [] }: OutputParser,
  tools: readonly unknown[] | undefined,
  model: ModelTokens,
): (expected: Expected) => Bounds {
  const schemas = shapes.flat().flatMap(piece => (typeof piece === 'string' ? [] : [piece.schema]));
  // each alone too, so that it is known which is refused
  for (const tool of schemas.length > 0 ? readTools(tools) : [])
    compile(model.grammar, argumentsOf(tool), `tool ${JSON.stringify(tool.name)}`);
  const grammars = new Map(schemas.map(schema => [schema, compile(model.grammar, schema, 'tools')]));
  return ({ shapes }) => shapeBounds(shapes, schema => jsonBounds(grammars.get(schema)!, model), model);
}

/** Objects are closed, as in Ollama's grammars. */
function compile({ compileSchema, GrammarError }: GrammarModule, schema: unknown, what: string): Grammar {
  try {
    return compileSchema(schema, { closed: true });
  } catch (error) {
    if (!(error instanceof GrammarError)) throw error;
    throw new StatusError(400, `${what}: ${error.message}`, { cause: error });
  }
}

function jsonBounds(compiled: Grammar, { tokenizer, vocabulary, grammar }: ModelTokens): Bounds {
  const { createMatcher, startsToken } = grammar;
  const matcher = createMatcher(compiled, vocabulary);
  const ends = new Uint32Array(Math.ceil(vocabulary.size / 32));
  for (const id of vocabulary.endIds) ends[id >> 5] |= 1 << (id & 31);

  /** Tokens of the bytes that must follow, but for the last, which might be spelt otherwise once it is known what comes after them. */
  const findForced = (): number[] => {
    const bytes = Uint8Array.from(matcher.forced());
    if (bytes.length < 2) return [];
    // half a character at the end is left out
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes, { stream: true });
    const tokens = tokenizer.encode(text, { continues: true });
    let sure = tokens.length;
    let start = tokens.reduce((sum, token) => sum + tokenizer.bytesOf(token).length, 0);
    for (let i = tokens.length - 1; i >= 0 && i >= tokens.length - MOST_OPEN; i--) {
      start -= tokenizer.bytesOf(tokens[i]).length;
      if (startsToken(vocabulary, bytes.subarray(start))) sure = i;
    }
    return tokens.slice(0, sure);
  };

  return {
    accept: token => matcher.accept(token),
    mask(bits) {
      matcher.mask(bits);
      if (bits.some((word, i) => (word & ~ends[i]) !== 0)) return true;
      if (!matcher.isComplete())
        throw new StatusError(500, 'no token of the model fits what the format asks for next');
      return false;
    },
    forced() {
      const tokens = findForced();
      // one token alone is as soon chosen as run
      if (tokens.length < 2) return [];
      let taken = 0;
      while (taken < tokens.length && matcher.accept(tokens[taken])) taken++;
      return tokens.slice(0, taken);
    },
  };
}

/** A text that must be said: control tokens by their ids, and the bytes of what is no control token. */
type Piece = number | Uint8Array;

function piecesOf(text: string, tokenizer: Tokenizer): readonly Piece[] {
  const pieces: (number | number[])[] = [];
  for (const token of tokenizer.encode(text, { special: true, continues: true })) {
    const last = pieces.at(-1);
    if (!tokenizer.isText(token)) pieces.push(token);
    else if (Array.isArray(last)) last.push(...tokenizer.bytesOf(token));
    else pieces.push([...tokenizer.bytesOf(token)]);
  }
  return pieces.map(piece => (typeof piece === 'number' ? piece : Uint8Array.from(piece)));
}

/** One of some texts, in whatever tokens; blanks before it may be left out. With `mayEnd` the answer may end in its place. */
function textBounds(
  texts: readonly string[],
  mayEnd: boolean,
  { tokenizer, vocabulary, grammar }: ModelTokens,
): Bounds & { readonly chosen: number } {
  const { endIds } = vocabulary;
  let left = texts.flatMap((text, index) =>
    [...new Set([text, text.trimStart()])].map(way => ({ index, pieces: piecesOf(way, tokenizer) })),
  );
  let isEnd = mayEnd;
  /** What is left behind a token; absent where it does not fit. */
  const behind = ([first, ...rest]: readonly Piece[], token: number): readonly Piece[] | undefined => {
    if (typeof first === 'number' || first === undefined) return first === token ? rest : undefined;
    if (!tokenizer.isText(token)) return undefined;
    const bytes = tokenizer.bytesOf(token);
    if (bytes.length === 0 || bytes.some((byte, i) => byte !== first[i])) return undefined;
    return bytes.length === first.length ? rest : [first.subarray(bytes.length), ...rest];
  };
  return {
    accept(token) {
      const next = left.flatMap(({ index, pieces }) => {
        const rest = behind(pieces, token);
        return rest ? [{ index, pieces: rest }] : [];
      });
      if (next.length === 0) return isEnd && endIds.includes(token);
      left = next;
      isEnd = false;
      return true;
    },
    mask(bits) {
      bits.fill(0);
      const allowed = left.flatMap(({ pieces: [first] }) =>
        typeof first === 'object' ? grammar.tokensWithin(vocabulary, first) : (first ?? []),
      );
      for (const id of isEnd ? [...allowed, ...endIds] : allowed) bits[id >> 5] |= 1 << (id & 31);
      return left.every(({ pieces }) => pieces.length > 0);
    },
    get chosen() {
      return left.find(({ pieces }) => pieces.length === 0)!.index;
    },
  };
}

/** A row of pieces; the first of them choose among the shapes. */
function shapeBounds(
  shapes: Expected['shapes'],
  jsonOf: (schema: unknown) => Bounds,
  model: ModelTokens,
): Bounds {
  let left = shapes;
  const begin = (mayEnd: boolean): Bounds & { readonly chosen?: number } => {
    const [first] = left[0];
    if (typeof first === 'object') return jsonOf(first.schema);
    return textBounds(
      left.map(([text]) => text as string),
      mayEnd,
      model,
    );
  };
  let part = begin(false);
  return {
    accept: token => part.accept(token),
    mask(bits) {
      while (!part.mask(bits)) {
        const isClosing = part.chosen === undefined;
        const rest = left[part.chosen ?? 0].slice(1);
        if (rest.length === 0) return false;
        left = [rest];
        part = begin(isClosing);
      }
      return true;
    },
  };
}
