/** How a Go template writes a call of a tool: seen by having it write one. */
import type { ChatMessage, ChatTemplate } from '../chat-template.ts';
import { type CallKeys, commonKeys } from '../formats/format.ts';

/** The name, and behind it the arguments. */
interface NamedCall {
  /** The mark before the name; blanks that may stand between them; what stands behind the name. */
  readonly opening: string;
  readonly blank: string;
  readonly between: string;
}

export type CallForm = CallKeys | NamedCall;

export const isKeyed = (form: CallForm): form is CallKeys => 'name' in form;

const name = 'name_of_a_call';
const args = { argument_of_a_call: 1 };
const tool = { type: 'function', function: { name: 'tool', parameters: { type: 'object', properties: {} } } };
const conversation: readonly ChatMessage[] = [
  { role: 'user', content: 'Hi' },
  { role: 'assistant', content: '', tool_calls: [{ function: { name, arguments: args } }] },
  { role: 'tool', content: 'Hi', tool_name: name },
];

const key = String.raw`"([^"\\{}]+)"\s*:\s*`;
const object = String.raw`\{\s*"argument_of_a_call"\s*:\s*1\s*\}`;
const keyed = new RegExp(`${key}"${name}"[^{}]*?${key}${object}`);
const reversed = new RegExp(`${key}${object}[^{}]*?${key}"${name}"`);
const named = new RegExp(`${name}([^{}]*)${object}`);

/** `tag` is what stands before calls. The common keys where the template shows none. */
export function callForm(template: ChatTemplate, tag: string): CallForm {
  const text = written(template);
  const inOrder = keyed.exec(text) ?? [];
  const [, argsKey = inOrder[2], nameKey = inOrder[1]] = reversed.exec(text) ?? [];
  if (nameKey !== undefined) {
    const isCommon = nameKey === commonKeys.name && commonKeys.args.includes(argsKey);
    return isCommon ? commonKeys : { name: nameKey, args: [argsKey] };
  }
  const match = named.exec(text);
  // an answer that has to begin with a bracket cannot begin with a name
  if (!match || tag === '{' || tag === '[') return commonKeys;
  const start = text.lastIndexOf(tag, match.index);
  const before = start < 0 ? '' : text.slice(start + tag.length, match.index);
  const opening = before.trim() || tag;
  return { opening, blank: before.slice(before.trimEnd().length), between: match[1] };
}

function written(template: ChatTemplate): string {
  try {
    return template.render({ messages: conversation, tools: [tool] });
  } catch {
    // it takes no calls, or not these
    return '';
  }
}
