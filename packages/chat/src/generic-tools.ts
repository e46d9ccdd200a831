/**
 * Calls of tools behind the tag that a Go template shows: names that are known, and the JSON objects beside them. The rules are those
 * of `tools/tools.go` in ollama/ollama.
 */
import { directly } from './formats/command-r.ts';
import { type CallKeys, callSchema, commonKeys, jsonEnd, type Shape } from './formats/format.ts';
import { type CallForm, isKeyed } from './go/calls.ts';
import { type OutputParser, type ParsedCall, type ParsedText, parsed } from './output.ts';
import { partialLength } from './partial.ts';
import { argumentsOf, type Tool } from './tools.ts';

/** `tag` may be `{` or `[`: then calls are looked for only where an answer begins with it. */
export function createGenericParser(
  tag: string,
  tools: readonly Tool[],
  form: CallForm = commonKeys,
): OutputParser {
  const shapes = shapesOf(tools, form);
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
    if (isBracket(tag) && before.trim() !== '') {
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
      const call = nextCall(text, tools, form);
      if (!call) break;
      take(call.end);
      if (call.call.name !== directly.name) calls.push(call.call);
    }
    found += calls.length;
    if (state === 'calling' && isBracket(tag) && isClosed(text, tag)) {
      state = 'done';
      content += take(text.length);
    }
    return parsed({ thinking: '', content, calls });
  };
  return {
    push,
    end: () => parsed({ thinking: '', content: isBracket(tag) && found === 0 ? take(text.length) : '' }),
    inContent: true,
    shapes,
    get expected() {
      if (state !== 'calling') return undefined;
      const begun = begunOf(text, tag, form);
      return begun === undefined ? undefined : { shapes, begun };
    },
    marks: isBracket(tag) ? undefined : [tag, ...(isKeyed(form) ? [] : [form.opening])].map(firstMark),
  };
}

/** What of a text may be a control token: a bracket that it begins with, or all. */
const firstMark = (text: string) => /^(<[^>]*>|\[[^\]]*\])/.exec(text)?.[0] ?? text;

const shapesOf = (tools: readonly Tool[], form: CallForm): readonly Shape[] =>
  isKeyed(form)
    ? [[{ schema: callSchema(tools, form) }]]
    : tools.map(tool => [form.blank + tool.name + form.between, { schema: argumentsOf(tool) }]);

/** What the text has of a call at its end; undefined where none begins. */
function begunOf(text: string, tag: string, form: CallForm): string | undefined {
  if (!isKeyed(form)) return text.endsWith(form.opening) ? '' : undefined;
  if (text === tag && !isBracket(tag)) return '';
  const at = text.indexOf('{');
  const object = at < 0 ? '' : text.slice(at);
  // a bracket alone may begin the answer
  const least = isBracket(tag) ? `{"${form.name}"` : '{';
  return object.replace(/^\{\s*/, '{') === least ? object : undefined;
}

const isBracket = (tag: string) => tag === '{' || tag === '[';

/** The first call that is complete, and where it ends. */
function nextCall(
  text: string,
  tools: readonly Tool[],
  form: CallForm,
): { call: ParsedCall; end: number } | undefined {
  const tool = firstTool(text, tools, isKeyed(form) ? 0 : behind(text, form.opening));
  if (!tool) return undefined;
  const found = findArguments(text, tool, form);
  if (!found) return undefined;
  // a known name may also stand in the tag, or be that of a key
  const { name } = tools.find(one => one.name === found.name) ?? tool;
  return { call: { name, arguments: found.arguments }, end: Math.max(found.end, tool.end) };
}

/** Behind the first `mark`; 0 where there is none. */
function behind(text: string, mark: string): number {
  const at = text.indexOf(mark);
  return at < 0 ? 0 : at + mark.length;
}

/** The known name that comes first from `from` on, the longest of those; none while the text may end within a name. */
function firstTool(text: string, tools: readonly Tool[], from: number): Found | undefined {
  if (tools.some(({ name }) => partialLength(text, name) > 0)) return undefined;
  let best: { name: string; start: number } | undefined;
  for (const { name } of tools) {
    const start = text.indexOf(name, from);
    if (start < 0) continue;
    if (!best || start < best.start || (start === best.start && name.length > best.name.length)) {
      best = { name, start };
    }
  }
  return best && { name: best.name, end: best.start + best.name.length };
}

/** A name, and where it ends. */
interface Found {
  readonly name: string;
  readonly end: number;
}

type Json = Readonly<Record<string, unknown>>;

/** Arguments, and the name that stands beside them. */
interface Called {
  readonly name?: unknown;
  readonly arguments: Json;
}

/** The arguments in the first object that has them, and where the object ends. */
function findArguments(
  text: string,
  tool: Found,
  form: CallForm,
): (Called & { readonly end: number }) | undefined {
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
        const end = i + length - 1;
        if (!isKeyed(form) && i >= tool.end) return { arguments: object, end };
        const called = calledIn(object, tool.name, isKeyed(form) ? form : commonKeys);
        // a call that names its tool and nothing more is none
        return called === null ? undefined : { arguments: object, ...called, end };
      }
      i += length - 1;
    }
  }
  return undefined;
}

/** Null where there is a name without arguments, undefined where nothing looks like a call. */
function calledIn(object: Json, tool: string, { name, args }: CallKeys): Called | null | undefined {
  const at = (key: string): Json | undefined => {
    const value = Object.hasOwn(object, key) ? object[key] : undefined;
    return typeof value === 'string' ? parseObject(value) : asObject(value);
  };
  if (Object.hasOwn(object, name)) {
    const found = args.map(at).find(Boolean);
    return found ? { name: object[name], arguments: found } : null;
  }
  const own = at(tool);
  if (own) return { arguments: own };
  for (const value of Object.values(object)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      const inner = asObject(child);
      const found = inner && calledIn(inner, tool, { name, args });
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
