/** What a part of an answer is bound to, token by token: JSON by a grammar, or a call as its format writes it. */
import { StatusError } from '@tabllama/api';
import type { Row, RowMatcher } from '@tabllama/calls';
import { argumentsOf, type Expected, type OutputParser, readTools, type Shape } from '@tabllama/chat';
import type { Grammar } from '@tabllama/grammar';
import type { Tokenizer } from '@tabllama/tokenizer';
import { type GrammarModule, type ModelTokens, startsToken } from './vocabulary.ts';

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
export async function callBoundsOf(
  { shapes = [] }: OutputParser,
  tools: readonly unknown[] | undefined,
  { tokenizer, vocabulary, grammar }: ModelTokens,
): Promise<(expected: Expected) => Bounds> {
  // each alone too, so that it is known which is refused
  for (const tool of shapes.length > 0 ? readTools(tools) : [])
    compile(grammar, argumentsOf(tool), `tool ${JSON.stringify(tool.name)}`);
  const { createRows } = await import('@tabllama/calls');
  const rowOf = (shape: Shape): Row =>
    shape.map(piece => {
      if (typeof piece === 'string') return piece;
      if ('some' in piece) return { ...piece, some: piece.some.map(rowOf) };
      return { grammar: compile(grammar, piece.schema, 'tools'), spelling: piece.spelling };
    });
  const rows = new Map(shapes.map(shape => [shape, rowOf(shape)]));
  const begins = new Map<Expected['shapes'], () => RowMatcher>();
  return ({ shapes }) => {
    const begin =
      begins.get(shapes) ??
      createRows(
        shapes.map(shape => rows.get(shape)!),
        { vocabulary, encode: text => symbolsOf(text, tokenizer) },
      );
    begins.set(shapes, begin);
    const matcher = begin();
    return {
      accept: token => matcher.accept(token),
      mask(bits) {
        if (!matcher.mask(bits)) return false;
        if (bits.some(word => word !== 0)) return true;
        throw new StatusError(500, 'no token of the model fits what the call asks for next');
      },
    };
  };
}

/** A text as its bytes, and −1 − id for control tokens, which stand for none. */
function symbolsOf(text: string, tokenizer: Tokenizer): number[] {
  const symbols: number[] = [];
  let rest = text;
  for (const token of tokenizer.encode(text, { special: true, continues: true })) {
    const mark = tokenizer.tokenText(token);
    const at = tokenizer.isText(token) ? -1 : rest.indexOf(mark);
    if (at < 0) continue;
    symbols.push(...new TextEncoder().encode(rest.slice(0, at)), -1 - token);
    rest = rest.slice(at + mark.length);
  }
  return [...symbols, ...new TextEncoder().encode(rest)];
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
  const matcher = grammar.createMatcher(compiled, vocabulary);
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
