/**
 * A Go template as Ollama uses it: with messages, with the prompt and suffix of a text to fill in, or, where it is of the older kind,
 * once for every turn. Rules: `template/template.go` in ollama/ollama.
 */
import type { Capability, ChatMessage, ChatTemplate, TemplateRequest } from '../chat-template.ts';
import { TemplateError } from '../limits.ts';
import { goMessages, goTools } from './data.ts';
import { execute, type Program } from './evaluator.ts';
import { builtins, ollamaFunctions } from './functions.ts';
import { type ThinkingTags, thinkingTags, toolTag, variablesOf } from './infer.ts';
import type { Branch, List, Operand, Pipe, Statement } from './nodes.ts';
import { parse } from './parser.ts';
import { goMap, type Value } from './values.ts';

export interface GoTemplate extends ChatTemplate {
  readonly source: string;
  readonly capabilities: readonly Capability[];
  /** What stands around thoughts, where the template shows it. */
  readonly thinkingTags?: ThinkingTags;
  /** What stands before calls of tools, `{` where there is nothing. */
  readonly toolTag: string;
  /** Calls of tools and their results both have a place in it, as Ollama judges it. */
  readonly takesResults: boolean;
}

const functions = { ...builtins, ...ollamaFunctions };
const functionNames = new Set(Object.keys(functions));

/** Parses a template once. Throws TemplateError, in Go's words, for one that does not parse. */
export function createGoTemplate(source: string): GoTemplate {
  const parsed = parse(source, functionNames);
  const variables = variablesOf(parsed);
  const root = parsed.get('')!;
  const takesMessages = variables.has('messages');
  const definitions = new Map(parsed);
  if (!takesMessages && !variables.has('response')) {
    definitions.set('', { ...root, nodes: [...root.nodes, responseNode] });
  }
  const program: Program = { source, definitions, functions };
  const tags = thinkingTags(root);

  return {
    source,
    capabilities: [
      ...(variables.has('tools') ? (['tools'] as const) : []),
      ...(variables.has('suffix') ? (['insert'] as const) : []),
      ...(tags ? (['thinking'] as const) : []),
    ],
    thinkingTags: tags,
    toolTag: toolTag(root),
    takesResults:
      variables.has('tools') &&
      variables.has('toolcalls') &&
      /eq \.Role "tool"|tool_response|TOOL_RESULTS/.test(source),
    render(request) {
      try {
        const { fill } = request;
        if (fill?.prompt && fill.suffix) {
          return run(program, request, { Prompt: fill.prompt, Suffix: fill.suffix });
        }
        const { system, messages } = collate(request.messages);
        if (!takesMessages) return renderTurns(program, request, messages);
        const Messages = goMessages(messages);
        return run(program, request, { System: system, Messages, Tools: goTools(request.tools) });
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        // the engine's own limits: the stack, and the length of a string
        throw new TemplateError('The chat template nests or grows beyond all bounds', { cause: error });
      }
    },
  };
}

/** `{{ .Response }}`, for templates that say neither where messages nor where an answer goes. */
const responseNode: Statement = {
  type: 'action',
  pos: 0,
  pipe: {
    type: 'pipe',
    pos: 0,
    variables: [],
    assigns: false,
    commands: [{ type: 'command', pos: 0, args: [{ type: 'field', pos: 0, path: ['Response'] }] }],
  },
};

function run(program: Program, { think }: TemplateRequest, values: Readonly<Record<string, Value>>): string {
  const level = typeof think === 'string' ? think : think ? 'medium' : '';
  const data = {
    Response: '',
    ...values,
    Think: Boolean(think),
    ThinkLevel: level,
    IsThinkSet: think !== undefined,
  };
  return execute(program, goMap(data));
}

/** All system texts as one, and messages of the same role in a row made one, results of tools apart. */
function collate(all: readonly ChatMessage[]): { system: string; messages: readonly ChatMessage[] } {
  const messages: ChatMessage[] = [];
  for (const message of all) {
    const last = messages.at(-1);
    if (last?.role !== message.role || message.role === 'tool') messages.push(message);
    else messages[messages.length - 1] = { ...last, content: `${last.content}\n\n${message.content}` };
  }
  const systems = all.filter(({ role }) => role === 'system').map(({ content }) => content);
  return { system: systems.join('\n\n'), messages };
}

/** The template once for every turn, and for the last one up to where the answer begins. */
function renderTurns(program: Program, request: TemplateRequest, messages: readonly ChatMessage[]): string {
  let text = '';
  let turn = { System: '', Prompt: '', Response: '' };
  const complete = () => {
    text += run(program, request, turn);
    turn = { System: '', Prompt: '', Response: '' };
  };
  for (const { role, content } of messages) {
    if (role === 'system') {
      if (turn.Prompt || turn.Response) complete();
      turn.System = content;
    } else if (role === 'user') {
      if (turn.Response) complete();
      turn.Prompt = content;
    } else if (role === 'assistant') turn.Response = content;
  }
  const root = upToResponse(program.definitions.get('')!);
  // Ollama builds this one anew, with no functions and options but Go's own and no other templates
  const last = { source: program.source, definitions: new Map([['', root]]), functions: builtins };
  return text + run({ ...last, missingHasFields: true }, request, turn);
}

/** The list without all that comes behind the first `.Response`. */
function upToResponse(list: List): List {
  let found = false;
  const cutList = ({ nodes, ...rest }: List): List => ({
    ...rest,
    nodes: nodes.flatMap(node => (found ? [] : cut(node))),
  });
  const cut = (node: Statement): readonly Statement[] => {
    if (node.type === 'action') {
      const pipe = cutPipe(node.pipe);
      return pipe ? [{ ...node, pipe }] : [];
    }
    if (node.type !== 'if' && node.type !== 'with' && node.type !== 'range') return [node];
    const branch: Branch = { ...node, list: cutList(node.list) };
    return [node.otherwise ? { ...branch, otherwise: cutList(node.otherwise) } : branch];
  };
  const cutPipe = (pipe: Pipe): Pipe | undefined => {
    const commands = pipe.commands.map(command => ({
      ...command,
      args: command.args.flatMap((arg): Operand | readonly Operand[] => {
        if (found) return [];
        if (arg.type === 'pipe') return cutPipe(arg) ?? [];
        found = arg.type === 'field' && arg.path.includes('Response');
        return arg;
      }),
    }));
    return commands.every(({ args }) => args.length > 0) ? { ...pipe, commands } : undefined;
  };
  return cutList(list);
}
