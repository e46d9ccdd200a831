/** Values and syntax nodes of `@huggingface/jinja`, whose own classes the package does not export. */
import { Environment, type Interpreter } from '@huggingface/jinja';

export type Value = ReturnType<Interpreter['evaluate']>;
export type Node = NonNullable<Parameters<Interpreter['evaluate']>[0]>;
export type ListValue = Extract<Value, { value: Value[] }>;
export type MapValue = Extract<Value, { value: Map<string, Value> }>;
export type TextValue = Extract<Value, { value: string }>;

/** The runtime value of plain data. */
export function toValue(data: unknown): Value {
  return new Environment().set('value', data);
}

const List = toValue([]).constructor as new (items: Value[]) => ListValue;
const Text = toValue('').constructor as new (text: string) => TextValue;
const Bool = toValue(true).constructor as new (flag: boolean) => Value;
const Undefined = toValue(undefined).constructor as new () => Value;

export const list = (items: Value[]): ListValue => new List(items);
export const text = (value: string): TextValue => new Text(value);
export const bool = (flag: boolean): Value => new Bool(flag);
export const undefinedValue = (): Value => new Undefined();

export const isList = (value: Value): value is ListValue => value instanceof List;
export const isText = (value: Value): value is TextValue => value instanceof Text;
export const isNamespace = (value: Value): value is MapValue => value.type === 'NamespaceValue';
/** A mapping or a namespace. */
export const isMap = (value: Value): value is MapValue => value.value instanceof Map;
export const isUndefined = (value: Value): boolean => value.type === 'UndefinedValue';
export const isNull = (value: Value): boolean => value.type === 'NullValue';
export const isNumber = (value: Value): value is Extract<Value, { value: number }> =>
  typeof value.value === 'number';

/** Equality as Python has it, where JavaScript's `==` would take `[]` for `''` and undefined for None. */
export function equal(a: Value, b: Value): boolean {
  if (isList(a) && isList(b)) {
    return a.value.length === b.value.length && a.value.every((item, i) => equal(item, b.value[i]));
  }
  if (isMap(a) && isMap(b)) {
    const other = b.value;
    return (
      a.value.size === other.size &&
      [...a.value].every(([key, item]) => other.has(key) && equal(item, other.get(key)!))
    );
  }
  if (typeof a.value === 'boolean' && isNumber(b)) return Number(a.value) === b.value;
  if (typeof b.value === 'boolean' && isNumber(a)) return Number(b.value) === a.value;
  // None and undefined hold the same nothing.
  return a.value === b.value && isNull(a) === isNull(b);
}

/** A value where a template puts it into text. Lists and mappings become JSON, as the library prints them too. */
export function display(value: Value): string {
  return isList(value) || isMap(value) ? value.toString() : repr(value, text => text);
}

/** Python's way to write a value, which is what the `string` filter gives of lists and mappings. */
export function repr(value: Value, quote = quoted): string {
  if (isText(value)) return quote(value.value);
  if (isUndefined(value)) return '';
  if (isNull(value)) return 'None';
  if (typeof value.value === 'boolean') return value.value ? 'True' : 'False';
  if (isList(value)) return `[${value.value.map(item => repr(item)).join(', ')}]`;
  if (isMap(value))
    return `{${[...value.value].map(([key, item]) => `${quoted(key)}: ${repr(item)}`).join(', ')}}`;
  return value.toString();
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function quoted(string: string): string {
  const quote = string.includes("'") && !string.includes('"') ? '"' : "'";
  return quote + string.replace(/[\\\n\r\t]/g, char => escapes[char]).replaceAll(quote, `\\${quote}`) + quote;
}
