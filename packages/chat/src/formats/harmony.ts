/**
 * gpt-oss: an answer is a row of messages, each with a header that names its channel and who it is for. Format:
 * https://cookbook.openai.com/articles/openai-harmony; rules for odd cases: `harmony/harmonyparser.go` in ollama/ollama.
 */
import type { ChatMessage } from '../chat-template.ts';
import { type OutputParser, type ParsedCall, type ParsedText, parsed } from '../output.ts';
import { partialLength } from '../partial.ts';
import { argumentsOf, readTools, type Tool } from '../tools.ts';
import { asArguments, type Expected, type Format, OutputError, type Shape } from './format.ts';

const [start, end, message, channel] = ['<|start|>', '<|end|>', '<|message|>', '<|channel|>'];

export const harmony: Format = {
  detect: template => template.includes(channel),
  calls: [],
  create: tools => createHarmonyParser(tools),
};

/** `last` is the last message of the request: an answer of the assistant's is gone on with. */
export function createHarmonyParser(tools: readonly Tool[], last?: ChatMessage): OutputParser {
  const names = harmonyNames(tools);
  const shapes = new Map(
    tools.map((tool): [string, Shape] => [tool.name, [{ schema: argumentsOf(tool) }, end]]),
  );
  let state: 'between' | 'header' | 'body' = 'header';
  let kind: 'content' | 'thinking' | 'call' = 'content';
  let text = '';
  let recipient = '';
  let written = '';
  if (last?.role === 'assistant' && (last.content || last.thinking)) {
    state = 'body';
    kind = last.content ? 'content' : 'thinking';
  }

  const open = (header: string) => {
    state = 'body';
    const named = readHeader(header);
    const isCall = named.recipient !== '' && (named.channel === 'analysis' || named.channel === 'commentary');
    if (isCall) recipient = named.recipient;
    if (isCall) kind = 'call';
    else if (named.channel === 'analysis') kind = 'thinking';
    else if (named.channel === 'commentary' || named.channel === 'final') kind = 'content';
  };
  /** Cuts the text at a mark and returns what stands before it, undefined while the mark is not there. */
  const upTo = (mark: string): string | undefined => {
    const at = text.indexOf(mark);
    if (at < 0) return undefined;
    const before = text.slice(0, at);
    text = text.slice(at + mark.length);
    return before;
  };
  const push = (piece: string): ParsedText => {
    text += piece;
    const out = { thinking: '', content: '' };
    for (;;) {
      if (state === 'between') {
        if (upTo(start) === undefined) break;
        state = 'header';
      } else if (state === 'header') {
        const header = upTo(message);
        if (header === undefined) break;
        open(header);
      } else {
        const whole = upTo(end);
        const sure = whole ?? text.slice(0, text.length - partialLength(text, end));
        if (kind === 'call') written += sure;
        else out[kind] += sure;
        if (whole === undefined) {
          text = text.slice(sure.length);
          break;
        }
        state = 'between';
        kind = 'content';
      }
    }
    return parsed(out);
  };
  return {
    push,
    end() {
      const calls: ParsedCall[] = [];
      if (recipient !== '') {
        const name = recipient.replace(/^functions\./, '');
        calls.push({ name: names.get(name) ?? name, arguments: readArguments(written) });
      }
      const rest = state === 'body' && kind !== 'call' ? { [kind]: text } : {};
      return parsed({ thinking: '', content: '', ...rest, calls });
    },
    get inContent() {
      return state === 'body' && kind === 'content';
    },
    shapes: [...shapes.values()],
    get expected(): Expected | undefined {
      if (state !== 'body' || kind !== 'call' || written !== '' || text !== '') return undefined;
      const shape = shapes.get(names.get(recipient.replace(/^functions\./, '')) ?? '');
      return shape && { shapes: [shape], begun: '' };
    },
    marks: [start, end, message, channel, '<|constrain|>'],
  };
}

/** As Ollama's error says it. */
function readArguments(written: string): Record<string, unknown> {
  try {
    return asArguments(JSON.parse(written));
  } catch (error) {
    throw new OutputError(`error parsing tool call: raw='${written}', err=${(error as Error).message}`);
  }
}

/** `assistant<|channel|>commentary to=functions.f <|constrain|>json`: the recipient may stand on either side of the channel. */
function readHeader(header: string): { channel: string; recipient: string } {
  let rest = header.replace('<|constrain|>', ' <|constrain|>');
  let named = '';
  const at = rest.indexOf(channel);
  if (at >= 0) {
    const after = rest.slice(at + channel.length);
    named = /^\S*/.exec(after)![0];
    rest = rest.slice(0, at) + after.slice(named.length);
  }
  const words = rest.trim().split(/\s+/);
  const to = words.slice(0, 2).find(word => word.startsWith('to='));
  return { channel: named, recipient: to?.slice(3) ?? '' };
}

/** The names under which tools stand in the prompt, which are identifiers of TypeScript, and what the tools are really called. */
function harmonyNames(tools: readonly Tool[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const { name } of tools) {
    const plain = /^(browser\.(open|search|find)|python)$/.test(name) ? name : identifier(name);
    let free = plain;
    for (let count = 2; names.has(free); count++) free = `${plain}_${count}`;
    names.set(free, name);
  }
  return names;
}

/** Tools as they stand in the prompt. */
export function harmonyTools(tools: readonly unknown[] | undefined): readonly unknown[] | undefined {
  const names = [...harmonyNames(readTools(tools)).keys()];
  let next = 0;
  return tools?.map(tool => {
    const { function: called } = tool as { function?: { name?: string } };
    return called?.name ? { ...(tool as object), function: { ...called, name: names[next++] } } : tool;
  });
}

function identifier(name: string): string {
  const kept = name.replace(/[ .-]/g, '_').replace(/[^\p{L}\p{Nd}_$]/gu, '');
  if (kept === '') return 'unnamed';
  return /^\d/.test(kept) ? `_${kept}` : kept;
}
