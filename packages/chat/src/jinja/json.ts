/** The `tojson` of chat templates: Python's `json.dumps` without ASCII escapes, as Hugging Face Transformers sets it up. */
import type { JinjaBudget } from './limits.ts';
import { isList, isMap, isNull, isNumber, isText, isUndefined, type Value } from './values.ts';

export interface JsonOptions {
  /** Spaces per level, or the text of one level. Absent: one line. */
  readonly indent?: number | string;
  readonly separators?: readonly [item: string, key: string];
  readonly sortKeys: boolean;
  readonly ensureAscii: boolean;
}

export function writeJson(value: Value, options: JsonOptions, budget: JinjaBudget): string {
  const { indent, sortKeys, ensureAscii } = options;
  if (typeof indent === 'number') budget.checkSize(indent);
  const step = typeof indent === 'number' ? ' '.repeat(Math.max(0, indent)) : indent;
  const [itemSeparator, keySeparator] = options.separators ?? [step === undefined ? ', ' : ',', ': '];
  let json = '';

  const put = (piece: string) => {
    json += piece;
    budget.checkSize(json.length);
  };
  const putText = (string: string) => {
    const quoted = JSON.stringify(string);
    put(
      ensureAscii
        ? quoted.replace(/[\x7f-\uffff]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
        : quoted,
    );
  };
  const putItems = <T>(
    open: string,
    close: string,
    items: readonly T[],
    padding: string,
    putItem: (item: T) => void,
  ) => {
    put(open);
    items.forEach((item, i) => {
      if (i > 0) put(itemSeparator);
      if (step !== undefined) put(padding + step);
      putItem(item);
    });
    if (step !== undefined && items.length > 0) put(padding);
    put(close);
  };
  const putValue = (item: Value, padding: string) => {
    const inner = step === undefined ? '' : padding + step;
    if (isText(item)) putText(item.value);
    else if (isNull(item) || isUndefined(item)) put('null');
    else if (isNumber(item)) put(item.toString());
    else if (typeof item.value === 'boolean') put(String(item.value));
    else if (isList(item)) putItems('[', ']', item.value, padding, element => putValue(element, inner));
    else if (isMap(item)) {
      const entries = [...item.value];
      if (sortKeys) entries.sort(([a], [b]) => (a < b ? -1 : 1));
      putItems('{', '}', entries, padding, ([key, element]) => {
        putText(key);
        put(keySeparator);
        putValue(element, inner);
      });
    } else throw new Error('a function cannot be written as JSON');
  };
  putValue(value, '\n');
  return json;
}
