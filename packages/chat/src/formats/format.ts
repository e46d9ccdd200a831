/**
 * How a family of models marks thoughts and calls of tools in its answers. A family is a file with a `Format` and a line in the table;
 * `createMarkedParser` does the streaming.
 */
import type { Spelling, Texts } from '@tabllama/calls';
import type { ThinkingTags } from '../go/infer.ts';
import type { OutputParser, ParsedCall } from '../output.ts';
import { argumentsOf, type Tool } from '../tools.ts';

/** An answer that does not keep to its format. */
export class OutputError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'OutputError';
  }
}

/**
 * How a call is written: literal texts, objects or lists that a schema describes, by a spelling if they are no JSON, and rows that may
 * come several times. Blanks at the beginning of a text may be left out, and the answer may end in place of a text behind values.
 */
export type Shape = readonly (
  | string
  | { readonly schema: unknown; readonly spelling?: Spelling }
  | { readonly some: readonly Shape[]; readonly between: Texts }
)[];

/** Where a call has been opened. */
export interface Expected {
  /** What may follow. */
  readonly shapes: readonly Shape[];
  /** What is already written of it. */
  readonly begun: string;
}

/** A mark behind which there are calls. */
export interface CallMark {
  readonly open: string;
  /** Marks that stand within the calls and behind them. */
  readonly inner?: readonly string[];
  /** Counts only where nothing but blanks was said before. */
  readonly atStart?: boolean;
  /** Where the calls end in a text that begins with them, and where it goes on; undefined while that is not known. */
  end(text: string, ended: boolean): { readonly body: number; readonly next: number } | undefined;
  /** The calls. Throws OutputError, or what JSON.parse throws. */
  read(body: string, tools: readonly Tool[]): readonly ParsedCall[];
  /** How calls of these tools are written behind the mark, where that can be said; see `Expected`. */
  shapes?(tools: readonly Tool[]): readonly Shape[];
  /** What a text behind the mark has of a shape at its end; undefined where none begins. Absent: shapes begin at the mark alone. */
  begun?(text: string): string | undefined;
}

export interface Format {
  /** True for a Jinja template that asks for this format. */
  detect(template: string): boolean;
  readonly calls: readonly CallMark[];
  /** Absent: `<think>` and `</think>`, where the template has them. `name`: what may stand behind the mark that opens them. */
  readonly thinking?: ThinkingTags & { readonly name?: string };
  /** Thoughts may come after content as well. */
  readonly thinksLater?: boolean;
  /** Marks that are neither content nor thoughts. */
  readonly drops?: readonly string[];
  /** Where marks are not enough: a parser of its own. */
  create?(tools: readonly Tool[], options: { readonly prompt: string }): OutputParser;
}

/** The end of calls that a mark closes. */
export const closedBy =
  (close: string): CallMark['end'] =>
  text => {
    const body = text.indexOf(close);
    return body < 0 ? undefined : { body, next: body + close.length };
  };

/** The same of calls in JSON, whose strings may hold the mark; in what turns out to be none it counts wherever it stands. */
export const closedBehindJson = (close: string): CallMark['end'] => {
  const closed = closedBy(close);
  return (text, ended) => {
    let isString = false;
    for (let i = 0; i < text.length; i++) {
      if (isString && text[i] === '\\') i++;
      else if (text[i] === '"') isString = !isString;
      else if (!isString && text.startsWith(close, i)) return { body: i, next: i + close.length };
    }
    return ended ? closed(text, ended) : undefined;
  };
};

/** The end of calls that are over with the first JSON. */
export const closedByJson: CallMark['end'] = text => {
  const end = jsonEnd(text);
  return end === undefined ? undefined : { body: end, next: end };
};

/** Where the first object or array of a text ends, undefined while it is open. */
export function jsonEnd(text: string): number | undefined {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (quoted) {
      if (char === '\\') i++;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = depth > 0;
    else if (char === '{' || char === '[') depth++;
    else if ((char === '}' || char === ']') && --depth <= 0) return depth === 0 ? i + 1 : undefined;
  }
  return undefined;
}

/** What the name of a tool and its arguments are called in a call that is an object. */
export interface CallKeys {
  readonly name: string;
  readonly args: readonly string[];
}

export const commonKeys: CallKeys = { name: 'name', args: ['arguments', 'parameters'] };

/** Calls as JSON: one object, several, or a list of them. Arguments may be JSON in a text. */
export const jsonCalls =
  ({ name, args } = commonKeys): CallMark['read'] =>
  body =>
    jsonValues(body).map(value => {
      const object = asObject(value);
      const called = object[name];
      if (typeof called !== 'string' || called === '') throw new OutputError('empty function name');
      return {
        name: called,
        arguments: asArguments(args.map(key => object[key]).find(one => one !== undefined)),
      };
    });

/** The id of a call, which is not looked at. */
export const callId = { type: 'string', maxLength: 40 };

/** The schema of a call as `jsonCalls` reads it; `before` and `after` are properties around these, of which the first must be there. */
export const callSchema = (
  tools: readonly Tool[],
  { name, args } = commonKeys,
  { before = {}, after = {} } = {},
) => ({
  // all by the dialect of one
  $schema: tools.find(({ parameters }) => parameters.$schema)?.parameters.$schema,
  anyOf: tools.flatMap(tool =>
    args.map(key => ({
      type: 'object',
      properties: { ...before, [name]: { const: tool.name }, [key]: argumentsOf(tool), ...after },
      required: [...Object.keys(before), name, key],
      additionalProperties: false,
    })),
  ),
});

/** The schema of a list of calls. */
export const callsSchema = (...call: Parameters<typeof callSchema>) => {
  const { $schema, ...items } = callSchema(...call);
  return { $schema, type: 'array', items, minItems: 1 };
};

/** The arguments of a tool in a spelling. */
export const spelledArguments = (tool: Tool, spelling: Spelling) => ({
  schema: {
    $schema: tool.parameters.$schema,
    allOf: [argumentsOf(tool)],
    propertyNames: { pattern: spelling.names },
  },
  spelling,
});

/** The JSON values in a row of a text, lists taken apart. */
function jsonValues(body: string): unknown[] {
  const values: unknown[] = [];
  let rest = body.trim();
  while (rest !== '') {
    const end = jsonEnd(rest) ?? rest.length;
    values.push(parseJson(rest.slice(0, end)));
    rest = rest.slice(end).replace(/^[\s,;]+/, '');
  }
  return values.flat();
}

/** Throws OutputError with what is wrong. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new OutputError(`failed to parse JSON: ${(error as Error).message}`);
  }
}

export function asObject(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new OutputError('a call of a tool is not an object');
}

/** Arguments, which may be JSON in a text, or missing. */
export function asArguments(value: unknown): Record<string, unknown> {
  if (value === undefined || value === null || value === '') return {};
  return asObject(typeof value === 'string' ? parseJson(value) : value);
}
