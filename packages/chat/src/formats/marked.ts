/** Takes an answer apart by the marks of its format, while it streams: thoughts, content, calls. */
import type { ThinkingTags } from '../go/infer.ts';
import { type OutputParser, type ParsedCall, type ParsedText, parsed } from '../output.ts';
import { partialLength } from '../partial.ts';
import type { Tool } from '../tools.ts';
import { type CallMark, type Format, OutputError, type Shape } from './format.ts';

export interface MarkedOptions {
  readonly tools: readonly Tool[];
  /** Whether the text begins inside the thoughts, may begin with them, or has none. */
  readonly thinking: 'opened' | 'possible' | 'none';
  /**
   * As llama.cpp's server does it for a Jinja template: calls are read only if there are tools, come at the end and have ids, a call
   * that cannot be read is content, and blanks are kept. Otherwise as the parsers of Ollama do it.
   */
  readonly isNative: boolean;
  /** With Ollama's parsers: blanks at the end of content are said. */
  readonly keepsBlanks?: boolean;
  /** Thoughts are dropped. */
  readonly isSilent?: boolean;
  /** With Ollama's parsers: a closed call that cannot be read is dropped. Absent: it ends the answer with an error. */
  readonly dropsBroken?: boolean;
}

const usual: ThinkingTags = { open: '<think>', close: '</think>' };

export function createMarkedParser(format: Format, options: MarkedOptions): OutputParser {
  const { tools, isNative } = options;
  const tags = options.thinking === 'none' ? undefined : (format.thinking ?? usual);
  const marks = isNative && tools.length === 0 ? [] : format.calls;
  const shapes = new Map(
    marks.flatMap((one): [CallMark, readonly Shape[]][] =>
      one.shapes && tools.length > 0 ? [[one, one.shapes(tools)]] : [],
    ),
  );
  const drops = format.drops ?? [];
  const trims = { thinking: !isNative, content: !isNative && !options.keepsBlanks };
  let state: 'start' | 'thinking' | 'content' | 'calling' = 'content';
  if (tags) state = options.thinking === 'opened' ? 'thinking' : 'start';
  let text = '';
  let mark: CallMark | undefined;
  /** Blanks that come next count for nothing. */
  let skips = state === 'thinking';
  /** What the thoughts may begin with that is none of them: the mark that the prompt has already written, or a name behind it. */
  let strips = state === 'thinking' ? tags!.open : '';
  let isBlank = true;
  const late: ParsedCall[] = [];

  let out = { thinking: '', content: '', calls: [] as ParsedCall[] };
  const say = (what: 'thinking' | 'content', piece: string) => {
    out[what] += piece;
    if (what === 'content' && piece.trim() !== '') isBlank = false;
  };

  /** The first of some marks in the text, the longest of those. */
  const first = (candidates: readonly string[]): { at: number; found: string } | undefined => {
    let best: { at: number; found: string } | undefined;
    for (const found of candidates) {
      const at = text.indexOf(found);
      if (at < 0) continue;
      if (!best || at < best.at || (at === best.at && found.length > best.found.length)) best = { at, found };
    }
    return best;
  };
  /** Says what can be part of no mark; with `trims`, blanks before a mark are not said. */
  const sayUpToMark = (
    what: 'thinking' | 'content',
    candidates: readonly string[],
    ended: boolean,
  ): { found: string } | undefined => {
    const mark = first(candidates);
    let sure = mark ? mark.at : text.length;
    if (!mark && !ended) sure -= Math.max(0, ...candidates.map(one => partialLength(text, one)));
    const kept = trimsEnd(what, mark?.found, ended) ? text.slice(0, sure).trimEnd() : text.slice(0, sure);
    say(what, kept);
    text = text.slice(mark ? mark.at : kept.length);
    return mark;
  };

  /** Whether blanks wait for what comes after them, and are not said where that is a mark. */
  const trimsEnd = (what: 'thinking' | 'content', found: string | undefined, ended: boolean): boolean => {
    if (!isNative) return trims[what];
    return found === undefined ? !ended && what === 'content' && marks.length > 0 : found !== tags?.close;
  };

  const think = () => {
    state = 'thinking';
    strips = format.thinking?.name ?? '';
    skips = true;
  };

  /** One step; true if there may be another. */
  const step = (ended: boolean): boolean => {
    if (skips) {
      text = text.trimStart();
      if (text === '') return false;
      skips = false;
    }
    switch (state) {
      case 'start': {
        const begun = text.trimStart();
        if (begun.startsWith(tags!.open)) {
          text = begun.slice(tags!.open.length);
          think();
        } else if (tags!.open.startsWith(begun) && !ended) return false;
        else state = 'content';
        return true;
      }
      case 'thinking': {
        if (strips) {
          if (strips.startsWith(text) && text !== strips && !ended) return false;
          const isThere = text.startsWith(strips);
          if (isThere) text = text.slice(strips.length);
          skips = isThere;
          strips = '';
          return true;
        }
        const opens = marks.filter(({ atStart }) => !atStart).map(({ open }) => open);
        const mark = sayUpToMark('thinking', [tags!.close, ...opens], ended);
        if (!mark) return false;
        if (mark.found === tags!.close) {
          text = text.slice(tags!.close.length);
          skips = !isNative;
        }
        state = 'content';
        return true;
      }
      case 'content': {
        const begins = isBlank ? text.trimStart() : '';
        const calls = marks.filter(({ atStart, open }) => !atStart || begins.startsWith(open));
        const later = tags && format.thinksLater ? [tags.open] : [];
        const hit = sayUpToMark('content', [...calls.map(({ open }) => open), ...drops, ...later], ended);
        if (!hit) return false;
        text = text.slice(hit.found.length);
        mark = calls.find(({ open }) => open === hit.found);
        if (mark) state = 'calling';
        else if (later.includes(hit.found)) think();
        return true;
      }
      case 'calling': {
        const end = mark!.end(text, ended);
        if (!end && !ended) return false;
        const next = end?.next ?? text.length;
        read(text.slice(0, end?.body ?? next), text.slice(0, next), end !== undefined);
        text = text.slice(next);
        state = 'content';
        skips = true;
        return true;
      }
    }
  };

  /** `isWhole`: the calls are closed. A call that was cut off may still be one. */
  const read = (body: string, whole: string, isWhole: boolean) => {
    try {
      const all = mark!.read(body, tools);
      const calls = isWhole ? all : all.filter(call => hasRequired(call, tools));
      if (isNative && calls.length === 0 && all.length > 0) throw new OutputError('a call that was cut off');
      if (isNative) late.push(...calls.map(call => ({ id: newId(), ...call })));
      else out.calls.push(...calls);
    } catch (error) {
      if (isNative) say('content', mark!.open + whole);
      else if (isWhole && !options.dropsBroken) throw error;
    }
  };

  const run = (piece: string, ended: boolean): ParsedText => {
    out = { thinking: '', content: '', calls: [] };
    text += piece;
    while (step(ended));
    if (ended) out.calls.push(...late);
    if (options.isSilent) out.thinking = '';
    return parsed(out);
  };

  return {
    push: piece => run(piece, false),
    end: () => run('', true),
    get inContent() {
      return (state === 'content' || state === 'calling') && !(tags && format.thinksLater);
    },
    shapes: [...shapes.values()].flat(),
    get expected() {
      const expected = state === 'calling' ? shapes.get(mark!) : undefined;
      const begun = mark?.begun ? mark.begun(text) : text === '' ? '' : undefined;
      return expected && begun !== undefined ? { shapes: expected, begun } : undefined;
    },
    marks: [
      ...marks.flatMap(({ open, inner = [] }) => [open, ...inner]),
      ...drops,
      ...(tags ? [tags.open, tags.close] : []),
    ],
  };
}

/** Whether a call has what its tool asks for. */
function hasRequired(call: ParsedCall, tools: readonly Tool[]): boolean {
  const required = tools.find(({ name }) => name === call.name)?.parameters.required;
  return !Array.isArray(required) || required.every(name => Object.hasOwn(call.arguments, name));
}

/** As llama.cpp's server makes them. */
function newId(): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  const random = crypto.getRandomValues(new Uint8Array(32));
  return [...random].map(byte => alphabet[byte % alphabet.length]).join('');
}
