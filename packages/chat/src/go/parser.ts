/** Tokens of a Go template to its tree, with Go's words and line numbers where something is wrong. */
import { checkLength, TemplateError } from '../limits.ts';
import { type Token, type TokenType, tokenize } from './lexer.ts';
import {
  type Branch,
  type Command,
  type Definitions,
  type List,
  type Operand,
  type Pipe,
  type Statement,
  show,
  type Variable,
} from './nodes.ts';
import { unquote } from './text.ts';

const maxDepth = 200;

/** Parses a source that may call `functions`. Throws TemplateError. */
export function parse(source: string, functions: ReadonlySet<string>): Definitions {
  checkLength(source);
  const definitions = new Map<string, List>();
  new Parser(tokenize(source), functions, definitions).template();
  return definitions;
}

/** How a list of statements ended. */
type Ending = 'end' | 'else';

class Parser {
  readonly #tokens: readonly Token[];
  readonly #functions: ReadonlySet<string>;
  readonly #definitions: Map<string, List>;
  #at = 0;
  /** The farthest token that was looked at, whose line errors name. */
  #seen = 0;
  #actionLine = 0;
  #variables = ['$'];
  #ranges = 0;
  #depth = 0;

  constructor(tokens: readonly Token[], functions: ReadonlySet<string>, definitions: Map<string, List>) {
    this.#tokens = tokens;
    this.#functions = functions;
    this.#definitions = definitions;
  }

  template(): void {
    const nodes: Statement[] = [];
    while (this.#peek().type !== 'end') {
      if (this.#peek().type === 'open') {
        const start = this.#at++;
        if (this.#isKeyword(this.#nextSolid(), 'define')) {
          this.#define();
          continue;
        }
        this.#at = start;
      }
      const node = this.#statement();
      if (typeof node === 'string') this.#fail(`unexpected {{${node}}}`);
      nodes.push(node);
    }
    this.#add('', { type: 'list', pos: 0, nodes });
  }

  #define(): void {
    const name = this.#nextSolid();
    if (name.type !== 'string') this.#unexpected(name, 'define clause');
    this.#expect('close', 'define clause');
    this.#own(() => this.#body(this.#unquoted(name), 'define clause'));
  }

  /** The statements of a template of its own, up to its end. */
  #body(name: string, context: string): void {
    const { list, ending } = this.#list();
    if (ending !== 'end') this.#fail(`unexpected {{${ending}}} in ${context}`);
    this.#add(name, list);
  }

  /** Runs with none of the variables and loops around. */
  #own(run: () => void): void {
    const [variables, ranges] = [this.#variables, this.#ranges];
    this.#variables = ['$'];
    this.#ranges = 0;
    run();
    this.#variables = variables;
    this.#ranges = ranges;
  }

  #add(name: string, list: List): void {
    const before = this.#definitions.get(name);
    if (before === undefined || isEmpty(before)) this.#definitions.set(name, list);
    else if (!isEmpty(list)) {
      this.#fail(`template: multiple definition of template ${JSON.stringify(name)}`);
    }
  }

  #list(): { list: List; ending: Ending } {
    if (++this.#depth > maxDepth) throw new TemplateError('The chat template nests too deeply');
    const nodes: Statement[] = [];
    const { pos } = this.#peekSolid();
    while (this.#peekSolid().type !== 'end') {
      const node = this.#statement();
      if (typeof node === 'string') {
        this.#depth--;
        return { list: { type: 'list', pos, nodes }, ending: node };
      }
      nodes.push(node);
    }
    return this.#fail('unexpected EOF');
  }

  #statement(): Statement | Ending {
    const token = this.#nextSolid();
    if (token.type === 'text') return { type: 'text', pos: token.pos, text: token.text };
    if (token.type !== 'open') return this.#unexpected(token, 'input');
    this.#actionLine = token.line;
    const node = this.#action();
    this.#actionLine = 0;
    return node;
  }

  #action(): Statement | Ending {
    const token = this.#nextSolid();
    const { pos } = token;
    switch (token.type === 'keyword' ? token.text : '') {
      case 'block':
        return this.#block();
      case 'break':
      case 'continue': {
        const type = token.text as 'break' | 'continue';
        this.#expect('close', `{{${type}}}`);
        if (this.#ranges === 0) this.#fail(`{{${type}}} outside {{range}}`);
        return { type, pos };
      }
      case 'else': {
        const next = this.#peekSolid();
        if (!this.#isKeyword(next, 'if') && !this.#isKeyword(next, 'with')) this.#expect('close', 'else');
        return 'else';
      }
      case 'end':
        this.#expect('close', 'end');
        return 'end';
      case 'if':
      case 'with':
      case 'range':
        return this.#branch(token.text as Branch['type']);
      case 'template': {
        const { name, pos: at } = this.#templateName('template clause');
        if (this.#peekSolid().type === 'close') {
          this.#nextSolid();
          return { type: 'template', pos: at, name };
        }
        return { type: 'template', pos: at, name, pipe: this.#pipe('template clause', 'close') };
      }
    }
    this.#at--;
    return { type: 'action', pos, pipe: this.#pipe('command', 'close') };
  }

  #branch(type: Branch['type']): Branch {
    const variables = this.#variables.length;
    const pipe = this.#pipe(type, 'close');
    if (type === 'range') this.#ranges++;
    const { list, ending } = this.#list();
    if (type === 'range') this.#ranges--;
    const otherwise = ending === 'else' ? this.#otherwise(type) : undefined;
    this.#variables.length = variables;
    return { type, pos: pipe.pos, pipe, list, otherwise };
  }

  /** What comes after an else; `else if` and `else with` are a branch of their own, which needs no further end. */
  #otherwise(type: Branch['type']): List {
    const next = this.#peekSolid();
    if (type !== 'range' && this.#isKeyword(next, type)) {
      this.#nextSolid();
      if (++this.#depth > maxDepth) throw new TemplateError('The chat template nests too deeply');
      const branch = this.#branch(type);
      this.#depth--;
      return { type: 'list', pos: next.pos, nodes: [branch] };
    }
    const { list, ending } = this.#list();
    if (ending !== 'end') this.#fail(`expected end; found {{${ending}}}`);
    return list;
  }

  /** A template that is defined where it is called. */
  #block(): Statement {
    const { name, pos } = this.#templateName('block clause');
    const pipe = this.#pipe('block clause', 'close');
    this.#own(() => this.#body(name, 'block clause'));
    return { type: 'template', pos, name, pipe };
  }

  #templateName(context: string): { name: string; pos: number } {
    const token = this.#nextSolid();
    if (token.type !== 'string') this.#unexpected(token, context);
    return { name: this.#unquoted(token), pos: token.pos };
  }

  #pipe(context: string, end: TokenType): Pipe {
    const { pos } = this.#peekSolid();
    const variables: Variable[] = [];
    let assigns = false;
    while (this.#peekSolid().type === 'variable') {
      const before = this.#at;
      const variable = this.#nextSolid();
      const next = this.#peekSolid();
      const declares = next.type === 'declare' || next.type === 'assign';
      if (!declares && !(next.type === 'char' && next.text === ',')) {
        this.#at = before;
        break;
      }
      this.#nextSolid();
      variables.push({ type: 'variable', pos: variable.pos, path: [variable.text] });
      this.#variables.push(variable.text);
      if (declares) {
        assigns = next.type === 'assign';
        break;
      }
      if (context !== 'range' || variables.length > 1) this.#fail(`too many declarations in ${context}`);
      if (!['variable', 'close', ')'].includes(this.#peekSolid().type)) {
        this.#fail('range can only initialize variables');
      }
    }
    const commands: Command[] = [];
    for (;;) {
      const token = this.#nextSolid();
      if (token.type === end) break;
      if (!operands.has(token.type) && !this.#isKeyword(token, 'nil')) this.#unexpected(token, context);
      this.#at--;
      commands.push(this.#command());
    }
    if (commands.length === 0) this.#fail(`missing value for ${context}`);
    commands.forEach((command, i) => {
      if (i > 0 && ['bool', 'dot', 'nil', 'number', 'string'].includes(command.args[0].type)) {
        this.#fail(`non executable command in pipeline stage ${i + 1}`);
      }
    });
    return { type: 'pipe', pos, variables, assigns, commands };
  }

  #command(): Command {
    const { pos } = this.#peekSolid();
    const args: Operand[] = [];
    for (;;) {
      this.#peekSolid();
      const operand = this.#operand();
      if (operand) args.push(operand);
      const token = this.#next();
      if (token.type === 'space') continue;
      if (token.type === 'close' || token.type === ')') this.#at--;
      else if (token.type !== 'pipe') this.#unexpected(token, 'operand');
      break;
    }
    if (args.length === 0) this.#fail('empty command');
    return { type: 'command', pos, args };
  }

  #operand(): Operand | undefined {
    const node = this.#term();
    if (!node || this.#peek().type !== 'field') return node;
    const { pos } = this.#peek();
    const path: string[] = [];
    while (this.#peek().type === 'field') path.push(this.#next().text.slice(1));
    switch (node.type) {
      case 'field':
      case 'variable':
        return { type: node.type, pos, path: [...node.path, ...path] };
      case 'identifier':
      case 'pipe':
      case 'chain':
        return { type: 'chain', pos, node, path };
      default:
        return this.#fail(`unexpected . after term ${JSON.stringify(show(node))}`);
    }
  }

  #term(): Operand | undefined {
    const token = this.#nextSolid();
    const { pos, text } = token;
    switch (token.type) {
      case 'identifier':
        if (!this.#functions.has(text)) this.#fail(`function ${JSON.stringify(text)} not defined`);
        return { type: 'identifier', pos, name: text };
      case 'dot':
        return { type: 'dot', pos };
      case 'variable':
        if (!this.#variables.includes(text)) this.#fail(`undefined variable ${JSON.stringify(text)}`);
        return { type: 'variable', pos, path: [text] };
      case 'field':
        return { type: 'field', pos, path: [text.slice(1)] };
      case 'bool':
        return { type: 'bool', pos, value: text === 'true' };
      case 'rune':
        return { type: 'number', pos, text, value: this.#rune(text) };
      case 'number':
        return { type: 'number', pos, text, value: this.#number(text) };
      case 'string':
        return { type: 'string', pos, quoted: text, text: this.#unquoted(token) };
      case '(': {
        if (++this.#depth > maxDepth) this.#fail('max expression depth exceeded');
        const pipe = this.#pipe('parenthesized pipeline', ')');
        this.#depth--;
        return pipe;
      }
    }
    if (this.#isKeyword(token, 'nil')) return { type: 'nil', pos };
    this.#at--;
    return undefined;
  }

  #rune(text: string): bigint {
    const char = unquote(text) ?? '';
    if ([...char].length !== 1) this.#fail(`malformed character constant: ${text}`);
    return BigInt(char.codePointAt(0)!);
  }

  #number(text: string): bigint | number {
    const illegal = () => this.#fail(`illegal number syntax: ${JSON.stringify(text)}`);
    const [, sign, digits] = /^([+-]?)(.*)$/.exec(text)!;
    if (/_$|__|^_/.test(digits)) return illegal();
    const plain = digits.replaceAll('_', '');
    // A leading 0 is octal.
    const octal = /^0[0-7]+$/.test(plain) ? `0o${plain.slice(1)}` : plain;
    if (/^(\d+|0[xX][\da-fA-F]+|0[oO][0-7]+|0[bB][01]+)$/.test(octal)) {
      const value = sign === '-' ? -BigInt(octal) : BigInt(octal);
      if (BigInt.asIntN(64, value) !== value) this.#fail(`integer overflow: ${JSON.stringify(text)}`);
      return value;
    }
    const value = Number(plain);
    if (!/\d/.test(plain) || !Number.isFinite(value)) return illegal();
    return sign === '-' ? -value : value;
  }

  #unquoted(token: Token): string {
    return unquote(token.text) ?? this.#fail('invalid syntax');
  }

  #next(): Token {
    const token = this.#peek();
    this.#at++;
    return token;
  }

  #peek(): Token {
    this.#seen = Math.max(this.#seen, this.#at);
    return this.#tokens[Math.min(this.#at, this.#tokens.length - 1)];
  }

  #nextSolid(): Token {
    const token = this.#peekSolid();
    this.#at++;
    return token;
  }

  #peekSolid(): Token {
    while (this.#peek().type === 'space') this.#at++;
    return this.#peek();
  }

  #isKeyword(token: Token, keyword: string): boolean {
    return token.type === 'keyword' && token.text === keyword;
  }

  #expect(type: TokenType, context: string): void {
    const token = this.#nextSolid();
    if (token.type !== type) this.#unexpected(token, context);
  }

  #unexpected(token: Token, context: string): never {
    if (token.type !== 'error') return this.#fail(`unexpected ${tokenName(token)} in ${context}`);
    const started = this.#actionLine;
    if (started === 0 || started === token.line) return this.#fail(token.text);
    const where = token.text.endsWith(' action') ? '' : ' in action';
    return this.#fail(`${token.text}${where} started at :${started}`);
  }

  #fail(what: string): never {
    const { line } = this.#tokens[Math.min(this.#seen, this.#tokens.length - 1)];
    throw new TemplateError(`template: :${line}: ${what}`);
  }
}

const operands = new Set<TokenType>([
  'bool',
  'rune',
  'dot',
  'field',
  'identifier',
  'number',
  'string',
  'variable',
  '(',
]);

function tokenName({ type, text }: Token): string {
  if (type === 'end') return 'EOF';
  if (type === 'keyword' || type === 'dot') return `<${text}>`;
  return text.length > 10 ? `${JSON.stringify([...text].slice(0, 10).join(''))}...` : JSON.stringify(text);
}

/** Nothing but blanks: what such a template says may be defined again. */
function isEmpty({ nodes }: List): boolean {
  return nodes.every(node => node.type === 'text' && node.text.trim() === '');
}
