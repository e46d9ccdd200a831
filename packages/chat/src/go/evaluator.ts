/** Runs a parsed Go template over a value, within a budget. Rules and words of errors are those of `text/template`'s `exec.go`. */
import { Budget, TemplateError } from '../limits.ts';
import { CallError, type GoFunction } from './functions.ts';
import {
  type Branch,
  type Call,
  type Command,
  type Definitions,
  type Identifier,
  type List,
  type Node,
  type Operand,
  type Pipe,
  show,
} from './nodes.ts';
import { plain } from './print.ts';
import { toBytes } from './text.ts';
import { isTrue, typeOf, type Value } from './values.ts';

export interface Program {
  readonly source: string;
  readonly definitions: Definitions;
  readonly functions: Readonly<Record<string, GoFunction>>;
  /** What a map lacks has fields, all of which are nil: Go's `missingkey=default`. */
  readonly missingHasFields?: boolean;
}

/** The text that the template under the empty name makes of `data`. Throws TemplateError. */
export function execute(program: Program, data: Value): string {
  const run = new Run(program, data);
  run.list(data, program.definitions.get('')!);
  return run.output;
}

type Jump = 'break' | 'continue' | undefined;

class Run {
  output = '';
  readonly #program: Program;
  readonly #budget = new Budget();
  /** The template that runs, for errors. */
  #name = '';
  /** The node that is evaluated, for errors. */
  #node?: Node;
  #variables: { readonly name: string; value: Value }[];

  constructor(program: Program, data: Value) {
    this.#program = program;
    this.#variables = [{ name: '$', value: data }];
  }

  list(dot: Value, list: List): Jump {
    this.#budget.enter();
    let jump: Jump;
    for (const node of list.nodes) {
      this.#budget.spend(1);
      this.#node = node;
      switch (node.type) {
        case 'text':
          this.#write(node.text);
          break;
        case 'action': {
          const value = this.#pipe(dot, node.pipe);
          this.#node = node;
          if (node.pipe.variables.length === 0) this.#write(value === null ? '<no value>' : plain(value));
          break;
        }
        case 'break':
        case 'continue':
          jump = node.type;
          break;
        case 'template':
          this.#call(dot, node);
          break;
        case 'range':
          jump = this.#range(dot, node);
          break;
        default:
          jump = this.#branch(dot, node);
      }
      if (jump) break;
    }
    this.#budget.leave();
    return jump;
  }

  #write(text: string): void {
    this.output += text;
    this.#budget.spend(text.length >> 6);
    this.#budget.checkSize(this.output.length);
  }

  #branch(dot: Value, { type, pipe, list, otherwise }: Branch): Jump {
    const mark = this.#variables.length;
    const value = this.#pipe(dot, pipe);
    const chosen = isTrue(value) ? list : otherwise;
    const jump = chosen && this.list(type === 'with' && chosen === list ? value : dot, chosen);
    this.#variables.length = mark;
    return jump;
  }

  #range(dot: Value, { pipe, list, otherwise }: Branch): Jump {
    const outer = this.#variables.length;
    const value = this.#pipe(dot, pipe);
    const mark = this.#variables.length;
    let ran = false;
    let jump: Jump;
    for (const [key, element] of this.#elements(value, pipe)) {
      ran = true;
      this.#budget.spend(1);
      const { variables, assigns } = pipe;
      const named = variables.length > 1 ? [key, element] : [element];
      variables.forEach((variable, i) => {
        if (assigns) this.#assign(variable.path[0], named[i]);
        else this.#variables[mark - variables.length + i].value = named[i];
      });
      jump = this.list(element, list);
      this.#variables.length = mark;
      if (jump === 'break') break;
    }
    this.#variables.length = outer;
    return ran || !otherwise ? undefined : this.list(dot, otherwise);
  }

  *#elements(value: Value, pipe: Pipe): Generator<readonly [key: Value, element: Value], void, undefined> {
    if (value === null) return;
    if (typeof value === 'bigint') {
      if (pipe.variables.length > 1) {
        this.#fail(`can't use ${value} to iterate over more than one variable`);
      }
      for (let i = 0n; i < value; i++) yield [null, i];
    } else if (typeof value === 'object' && value.kind === 'list') {
      for (let i = 0; i < value.items.length; i++) yield [BigInt(i), value.items[i]];
    } else if (typeof value === 'object' && value.kind === 'map') {
      yield* value.entries;
    } else this.#fail(`range can't iterate over ${plain(value)}`);
  }

  #call(dot: Value, { name, pipe }: Call): void {
    const list = this.#program.definitions.get(name);
    if (!list) throw this.#error(`template ${JSON.stringify(name)} not defined`);
    const value = pipe ? this.#pipe(dot, pipe) : null;
    const [caller, variables] = [this.#name, this.#variables];
    this.#name = name;
    this.#variables = [{ name: '$', value }];
    this.list(value, list);
    this.#name = caller;
    this.#variables = variables;
  }

  #pipe(dot: Value, pipe: Pipe): Value {
    this.#budget.enter();
    this.#node = pipe;
    let value: Value | undefined;
    for (const command of pipe.commands) value = this.#command(dot, command, value);
    const result = value ?? null;
    for (const variable of pipe.variables) {
      if (pipe.assigns) this.#assign(variable.path[0], result);
      else this.#variables.push({ name: variable.path[0], value: result });
    }
    this.#budget.leave();
    return result;
  }

  #assign(name: string, value: Value): void {
    this.#variable(name).value = value;
  }

  #variable(name: string): { value: Value } {
    return this.#variables.findLast(one => one.name === name) ?? this.#fail(`undefined variable: ${name}`);
  }

  /** `last` is what the pipe brings as a last argument; undefined at its beginning. */
  #command(dot: Value, command: Command, last: Value | undefined): Value {
    this.#budget.spend(1);
    const [first, ...args] = command.args;
    if (first.type === 'identifier') return this.#function(dot, first, command, args, last);
    this.#node = first;
    const alone = () => {
      if (args.length > 0 || last !== undefined) {
        this.#fail(`can't give argument to non-function ${show(first)}`);
      }
    };
    switch (first.type) {
      case 'field':
      case 'chain':
      case 'variable': {
        if (first.type === 'variable' && first.path.length === 1) alone();
        const value = this.#operand(dot, first);
        if (args.length > 0 || last !== undefined) {
          this.#fail(`${first.path.at(-1)} is not a method but has arguments`);
        }
        return value;
      }
      case 'nil':
        alone();
        return this.#fail('nil is not a command');
      default:
        alone();
        return this.#operand(dot, first);
    }
  }

  #operand(dot: Value, node: Operand): Value {
    this.#budget.spend(1);
    this.#node = node;
    switch (node.type) {
      case 'bool':
      case 'number':
        return node.value;
      case 'string':
        return node.text;
      case 'nil':
        return null;
      case 'dot':
        return dot;
      case 'pipe':
        return this.#pipe(dot, node);
      case 'identifier':
        return this.#function(dot, node, node, [], undefined);
      case 'field':
        return this.#fields(dot, node.path);
      case 'variable':
        return this.#fields(this.#variable(node.path[0]).value, node.path.slice(1));
      case 'chain': {
        if (node.node.type === 'nil') this.#fail(`indirection through explicit nil in ${show(node)}`);
        const value = this.#operand(dot, node.node);
        return this.#fields(value, node.path);
      }
    }
  }

  /** A nil at the beginning has nil fields; what a map or a struct holds as nil is a nil of its type, which has none. */
  #fields(value: Value, path: readonly string[]): Value {
    if (value === null) return null;
    let current: Value = value;
    let type = typeOf(value);
    for (const name of path) {
      if (current === null && this.#program.missingHasFields) return null;
      if (current === null) return this.#fail(`nil pointer evaluating ${type}.${name}`);
      const holder: Value = current;
      const found: Value | undefined = fieldOf(holder, name);
      if (found === undefined) this.#fail(`can't evaluate field ${name} in type ${type}`);
      current = found;
      const any = found === null || (typeof holder === 'object' && holder.kind === 'map');
      type = any ? 'interface {}' : typeOf(found);
    }
    return current;
  }

  #function(
    dot: Value,
    identifier: Identifier,
    node: Node,
    args: readonly Operand[],
    last: Value | undefined,
  ): Value {
    this.#node = identifier;
    const { name } = identifier;
    const { functions } = this.#program;
    if (!Object.hasOwn(functions, name)) this.#fail(`${JSON.stringify(name)} is not a defined function`);
    const { call, least, exact } = functions[name];
    const count = args.length + (last === undefined ? 0 : 1);
    if (count < least || (exact && count !== least)) {
      const want = exact ? `${least}` : `at least ${least}`;
      this.#fail(`wrong number of args for ${name}: want ${want} got ${exact ? count : args.length}`);
    }
    this.#budget.enter();
    const values: Value[] = [];
    for (const arg of args) {
      const value = this.#operand(dot, arg);
      values.push(value);
      // these need not look any further
      if (isTrue(value) ? name === 'or' : name === 'and') break;
    }
    if (last !== undefined) values.push(last);
    const result = this.#apply(name, call, node, values);
    this.#budget.leave();
    if (typeof result === 'string') {
      this.#budget.spend(result.length >> 6);
      this.#budget.checkSize(result.length);
    }
    return result;
  }

  #apply(name: string, call: GoFunction['call'], node: Node, values: readonly Value[]): Value {
    try {
      return call(values, this.#budget);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      this.#node = node;
      return this.#fail(`error calling ${name}: ${error.message}`);
    }
  }

  #fail(what: string): never {
    throw this.#error(what);
  }

  #error(what: string): TemplateError {
    const node = this.#node!;
    const before = this.#program.source.slice(0, node.pos);
    const line = before.split('\n').length;
    const column = toBytes(before.slice(before.lastIndexOf('\n') + 1)).length;
    return new TemplateError(
      `template: :${line}:${column}: executing ${JSON.stringify(this.#name)} at <${show(node)}>: ${what}`,
    );
  }
}

/** A field of a struct or what a map has under the key; undefined where the value can have no such field. */
function fieldOf(value: Value, name: string): Value | undefined {
  if (value === null || typeof value !== 'object') return undefined;
  if (value.kind === 'map') return value.entries.has(name) ? value.entries.get(name)! : value.zero;
  if (value.kind === 'struct') return value.fields.find(field => field.name === name)?.value;
  return undefined;
}
