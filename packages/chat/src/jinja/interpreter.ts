/**
 * The library's interpreter, bounded: every node that is evaluated is counted, every value is measured. Where one step
 * of the library could run for long or make something huge, the operands are evaluated first and looked at, and the
 * library gets the same node with their values in place. The same way it gets Jinja2's behaviour where it has another.
 */
import { type Environment, Interpreter } from '@huggingface/jinja';
import { TemplateError } from '../limits.ts';
import { cost, JinjaBudget } from './limits.ts';
import { type Arguments, filters, methods } from './python.ts';
import {
  bool,
  display,
  equal,
  isList,
  isMap,
  isNamespace,
  isText,
  isUndefined,
  list,
  type Node,
  text,
  toValue,
  undefinedValue,
  type Value,
} from './values.ts';

interface Identifier extends Node {
  value: string;
}
interface For extends Node {
  iterable: Node & { lhs: Node };
  body: Node[];
}
interface SetStatement extends Node {
  assignee: Node;
  value: Node | null;
}
interface Binary extends Node {
  operator: { value: string };
  left: Node;
  right: Node;
}
interface Member extends Node {
  object: Node;
  property: Node;
  computed: boolean;
}
interface Call extends Node {
  callee: Identifier;
  args: (Node & { key: Identifier; value: Node })[];
}
interface FilterNode extends Node {
  operand: Node;
  filter: Identifier | Call;
}

/** A node that stands for a value which is already known. */
interface Known extends Node {
  known: Value;
}
const known = (value: Value): Known => ({ type: 'Known', known: value });

/** Put in front of every loop's body, so that an empty one counts as well. */
const tick: Node = { type: 'Comment' };

const FunctionValue = toValue(() => null).constructor as new (
  call: (args: Value[], scope: Environment) => Value,
) => Value;

const rules: Readonly<Record<string, (run: BoundedInterpreter, node: Node, scope: Environment) => Value>> = {
  For: (run, node, scope) => run.loop(node as For, scope),
  Set: (run, node, scope) => run.assign(node as SetStatement, scope),
  BinaryExpression: (run, node, scope) => run.binary(node as Binary, scope),
  MemberExpression: (run, node, scope) => run.member(node as Member, scope),
  FilterExpression: (run, node, scope) => run.filter(node as FilterNode, scope),
  FilterStatement: (run, node, scope) => {
    const { filter, body } = node as FilterNode & { body: Node[] };
    const operand = { type: 'Program', body } as Node;
    return run.filter({ type: 'FilterExpression', operand, filter } as FilterNode, scope);
  },
};

/** Nodes whose value existed before. */
const existing = new Set(['Identifier', 'MemberExpression', 'StringLiteral']);

export class BoundedInterpreter extends Interpreter {
  readonly #budget = new JinjaBudget();

  override evaluate(node: Node | undefined, scope: Environment): Value {
    if (!node) return undefinedValue();
    if (node.type === 'Known') return (node as Known).known;
    this.#budget.spend(1);
    this.#budget.enter();
    try {
      const value = rules[node.type]?.(this, node, scope) ?? super.evaluate(node, scope);
      this.#budget.measure(value);
      if (isText(value) || !existing.has(node.type)) this.#budget.spend(cost(value));
      return value;
    } finally {
      this.#budget.leave();
    }
  }

  loop(node: For, scope: Environment): Value {
    const filtered = node.iterable.type === 'SelectExpression';
    const items = iterate(this.evaluate(filtered ? node.iterable.lhs : node.iterable, scope));
    if (isList(items)) this.#budget.spend(8 * items.value.length);
    const iterable = filtered ? { ...node.iterable, lhs: known(items) } : known(items);
    return super.evaluate({ ...node, iterable, body: [tick, ...node.body] } as Node, scope);
  }

  assign(node: SetStatement, scope: Environment): Value {
    if (!node.value || node.assignee.type !== 'MemberExpression') return super.evaluate(node, scope);
    const value = this.evaluate(node.value, scope);
    if (isNamespace(value)) throw new TemplateError('The chat template puts a namespace into another value');
    return super.evaluate({ ...node, value: known(value) } as Node, scope);
  }

  binary(node: Binary, scope: Environment): Value {
    const operator = node.operator.value;
    if (operator === 'and' || operator === 'or') return super.evaluate(node, scope);
    const left = this.evaluate(node.left, scope);
    const right = this.evaluate(node.right, scope);
    // These walk through both sides.
    if (/=$|in$/.test(operator))
      this.#budget.spend((this.#budget.measure(left) + this.#budget.measure(right)) >> 6);
    if (operator === '==') return bool(equal(left, right));
    if (operator === '!=') return bool(!equal(left, right));
    if (operator === '~') return text(display(left) + display(right));
    // Tool arguments are an object here and a JSON text in some templates: joined to text, they are written as JSON.
    if (operator === '+' && ((isText(left) && isMap(right)) || (isMap(left) && isText(right)))) {
      return text(display(left) + display(right));
    }
    if (isText(left) && isText(right) && operator.endsWith('in'))
      this.#budget.search(left.value, right.value);
    return super.evaluate({ ...node, left: known(left), right: known(right) } as Node, scope);
  }

  member(node: Member, scope: Environment): Value {
    const object = this.evaluate(node.object, scope);
    const inner = { ...node, object: known(object) } as Node;
    const slices = node.property.type === 'SliceExpression';
    if (slices) this.#budget.spend(cost(object));
    if (slices || !isText(object)) return super.evaluate(inner, scope);
    const property = node.computed
      ? this.evaluate(node.property, scope)
      : text((node.property as Identifier).value);
    const method = isText(property) ? methods.get(property.value) : undefined;
    const builtin = super.evaluate({ ...inner, property: known(property), computed: true } as Node, scope);
    if (!method) return builtin;
    return new FunctionValue((values, callScope) => {
      this.#budget.spend(cost(object));
      const own = method(object.value, splitArguments(values), this.#budget);
      return own ?? (builtin.value as (args: Value[], scope: Environment) => Value)(values, callScope);
    });
  }

  filter(node: FilterNode, scope: Environment): Value {
    const operand = this.evaluate(node.operand, scope);
    this.#budget.spend(cost(operand));
    const call = node.filter.type === 'CallExpression' ? (node.filter as Call) : undefined;
    const filter = filters.get(call ? call.callee.value : (node.filter as Identifier).value);
    if (!filter) return super.evaluate({ ...node, operand: known(operand) } as Node, scope);
    const positional: Value[] = [];
    const named = new Map<string, Value>();
    const args = (call?.args ?? []).map(arg => {
      if (arg.type.endsWith('SpreadExpression')) throw new Error('a filter does not take unpacked arguments');
      const isNamed = arg.type === 'KeywordArgumentExpression';
      const value = this.evaluate(isNamed ? arg.value : arg, scope);
      if (isNamed) named.set(arg.key.value, value);
      else positional.push(value);
      // `selectattr` insists on seeing literals.
      return isNamed ? { ...arg, value: known(value) } : arg.type === 'StringLiteral' ? arg : known(value);
    });
    const own = filter(operand, { positional, named }, this.#budget);
    if (own) return own;
    const rest = call ? { ...call, args } : node.filter;
    return super.evaluate({ ...node, operand: known(operand), filter: rest } as Node, scope);
  }
}

/** What a `for` walks through: undefined is empty, a text is its characters, and a tuple can be unpacked like a list. */
function iterate(value: Value): Value {
  if (isUndefined(value)) return list([]);
  if (isText(value)) return list(Array.from(value.value, text));
  if (!isList(value)) return value;
  return list(
    value.value.map(item => (item.type === 'TupleValue' && isList(item) ? list(item.value) : item)),
  );
}

/** The library hands named arguments over as one more value at the end. */
function splitArguments(values: readonly Value[]): Arguments {
  const last = values.at(-1);
  return last?.type === 'KeywordArgumentsValue' && isMap(last)
    ? { positional: values.slice(0, -1), named: last.value }
    : { positional: values, named: new Map() };
}
