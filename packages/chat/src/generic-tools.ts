/**
 * Calls of tools behind the tag that a Go template shows: names that are known, and the JSON objects beside them. The rules are those
 * of `tools/tools.go` in ollama/ollama.
 */
import { callSchema, jsonEnd, type Shape } from './formats/format.ts';
import { type OutputParser, type ParsedCall, type ParsedText, parsed } from './output.ts';
import { partialLength } from './partial.ts';
import type { Tool } from './tools.ts';

/**
 * `tag` may be `{` or `[`: then calls are looked for only where an answer begins with it. `namesCalls`: a call is
 * an object that has its name.
 */
export function createGenericParser(tag: string, tools: readonly Tool[], namesCalls = false): OutputParser {
  const isBracket = tag === '{' || tag === '[';
  const shapes: readonly Shape[] | undefined = namesCalls ? [[{ schema: callSchema(tools) }]] : undefined;
  let state: 'looking' | 'calling' | 'done' = 'looking';
  let text = '';
  let found = 0;

  const take = (length: number) => {
    const taken = text.slice(0, length);
    text = text.slice(length);
    return taken;
  };
  const look = (): string => {
    const at = text.indexOf(tag);
    const before = take(at >= 0 ? at : text.length - partialLength(text, tag));
    if (isBracket && before.trim() !== '') {
      state = 'done';
      return before + take(text.length);
    }
    if (at >= 0) state = 'calling';
    return before;
  };
  const push = (piece: string): ParsedText => {
    if (state === 'done') return parsed({ thinking: '', content: piece });
    text += piece;
    let content = state === 'looking' ? look() : '';
    const calls: ParsedCall[] = [];
    while (state === 'calling') {
      const call = nextCall(text, tools);
      if (!call) break;
      take(call.end);
      calls.push(call.call);
    }
    found += calls.length;
    if (state === 'calling' && isBracket && isClosed(text, tag)) {
      state = 'done';
      content += take(text.length);
    }
    return parsed({ thinking: '', content, calls });
  };
  return {
    push,
    end: () => parsed({ thinking: '', content: isBracket && found === 0 ? take(text.length) : '' }),
    inContent: true,
    shapes,
    get expected() {
      if (!shapes || state !== 'calling') return undefined;
      if (text === tag && !isBracket) return { shapes, begun: '' };
      // a bracket alone may begin the answer
      if (!text.endsWith(isBracket ? '"name"' : '{')) return undefined;
      const [, begun] = /^[^{]*(\{\s*(?:"name")?)$/.exec(text) ?? [];
      return begun === undefined ? undefined : { shapes, begun };
    },
  };
}

/** The first call that is complete, and where it ends. */
function nextCall(text: string, tools: readonly Tool[]): { call: ParsedCall; end: number } | undefined {
  const tool = firstTool(text, tools);
  if (!tool) return undefined;
  const found = findArguments(text, tool.name);
  if (!found) return undefined;
  const end = Math.max(found.end, tool.end);
  return { call: { name: tool.name, arguments: found.arguments }, end };
}

/** The known name that comes first, the longest of those; none while the text may end within a name. */
function firstTool(text: string, tools: readonly Tool[]): { name: string; end: number } | undefined {
  if (tools.some(({ name }) => partialLength(text, name) > 0)) return undefined;
  let best: { name: string; start: number } | undefined;
  for (const { name } of tools) {
    const start = text.indexOf(name);
    if (start < 0) continue;
    if (!best || start < best.start || (start === best.start && name.length > best.name.length)) {
      best = { name, start };
    }
  }
  return best && { name: best.name, end: best.start + best.name.length };
}

type Json = Readonly<Record<string, unknown>>;

/** The arguments in the first object that has them, and where the object ends. */
function findArguments(text: string, name: string): { arguments: Json; end: number } | undefined {
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '\\') i++;
    else if (char === '"') quoted = !quoted;
    else if (char === '{' && !quoted) {
      const length = jsonEnd(text.slice(i));
      if (length === undefined) return undefined;
      const object = parseObject(text.slice(i, i + length));
      if (object) {
        const inner = argumentsIn(object, name);
        // a call that names its tool and nothing more is none
        return inner === null ? undefined : { arguments: inner ?? object, end: i + length - 1 };
      }
      i += length - 1;
    }
  }
  return undefined;
}

/** Null where there is a `name` without arguments, undefined where nothing looks like a call. */
function argumentsIn(object: Json, name: string): Json | null | undefined {
  const at = (key: string): Json | undefined => {
    const value = Object.hasOwn(object, key) ? object[key] : undefined;
    return typeof value === 'string' ? parseObject(value) : asObject(value);
  };
  if (Object.hasOwn(object, 'name')) return at('arguments') ?? at('parameters') ?? null;
  const own = at(name);
  if (own) return own;
  for (const value of Object.values(object)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      const inner = asObject(child);
      const found = inner && argumentsIn(inner, name);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

const asObject = (value: unknown): Json | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;

function parseObject(text: string): Json | undefined {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Whether every bracket that the text opened is closed. */
function isClosed(text: string, open: string): boolean {
  const close = open === '{' ? '}' : ']';
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '\\') i++;
    else if (char === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (char === open) depth++;
    else if (char === close && --depth === 0) return true;
  }
  return false;
}
