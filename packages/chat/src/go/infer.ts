/**
 * What a Go template tells without running: its variables, what stands around thoughts, what stands before calls of tools. Rules:
 * `template/template.go`, `thinking/template.go` and `tools/template.go` in ollama/ollama.
 */
import { TemplateError } from '../limits.ts';
import {
  type Branch,
  children,
  type Definitions,
  type List,
  type Node,
  type Statement,
  visit,
} from './nodes.ts';

export interface ThinkingTags {
  readonly open: string;
  readonly close: string;
}

/** Every name of a field or variable, in lower case. Throws TemplateError for a call without a value, as Ollama does. */
export function variablesOf(definitions: Definitions): ReadonlySet<string> {
  const names = new Set<string>();
  for (const list of definitions.values()) {
    visit(list, node => {
      if (node.type === 'template' && !node.pipe) throw new TemplateError('undefined template specified');
      if (node.type !== 'field' && node.type !== 'variable') return;
      for (const name of node.path) names.add(name.toLowerCase());
    });
  }
  return names;
}

/**
 * Looks for `.Thinking` within a range over the messages; the text at the beginning and the end of the list of nodes that it stands
 * in are the tags.
 */
export function thinkingTags(root: List): ThinkingTags | undefined {
  let open = '';
  let close = '';
  visit(root, (node, ancestors) => {
    if (node.type !== 'field' || node.path[0] !== 'Thinking') return;
    const range = ancestors.findLast(one => one.type === 'range') as Branch | undefined;
    const list = ancestors.findLast(one => one.type === 'list') as List;
    if (!range || !mentions(range.pipe, 'Messages')) return;
    const [first, last] = [list.nodes[0], list.nodes[list.nodes.length - 1]];
    if (first.type === 'text') open = first.text.trim();
    if (last.type === 'text') close = last.text.trim();
  });
  return open && close ? { open, close } : undefined;
}

/** The first text after `{{ if .ToolCalls }}`, up to the JSON of a call. */
export function toolTag(root: List): string {
  const branch = findCalls(root.nodes);
  const text = branch && firstText(branch.list.nodes);
  return text?.replaceAll('\r\n', '\n').split('{')[0].trim() || '{';
}

function findCalls(nodes: readonly Statement[]): Branch | undefined {
  for (const node of nodes) {
    if (node.type !== 'if' && node.type !== 'with' && node.type !== 'range') continue;
    if (node.type === 'if' && calls(node.pipe)) return node;
    const found = findCalls(node.list.nodes) ?? findCalls(node.otherwise?.nodes ?? []);
    if (found) return found;
  }
  return undefined;
}

const calls = (pipe: Branch['pipe']) =>
  pipe.commands.some(({ args }) => args.some(arg => arg.type === 'field' && arg.path.includes('ToolCalls')));

/** The first text that is not blank, unless an action or a branch without a text comes before it. */
function firstText(nodes: readonly Statement[]): string | undefined {
  for (const node of nodes) {
    if (node.type === 'text' && node.text.trim() !== '') return node.text;
    if (node.type === 'action') return undefined;
    if (node.type === 'if' || node.type === 'with' || node.type === 'range') {
      return firstText(node.list.nodes) ?? firstText(node.otherwise?.nodes ?? []);
    }
  }
  return undefined;
}

function mentions(node: Node, field: string): boolean {
  if (node.type === 'field' && node.path[0] === field) return true;
  return children(node).some(child => mentions(child, field));
}
