/** The budget of a rendering by Jinja: besides steps, the size of every value, since any may grow. */
import { Budget, TemplateError } from '../limits.ts';
import { isList, isMap, isNamespace, isText, type Value } from './values.ts';

/** The library's parser takes time quadratic in a run of blanks; the longest seen in a real template is 45. */
export const maxBlankRun = 512;
/** Counts as so many characters: every item of a list or mapping, nested ones included. */
const itemSize = 16;

/** Steps that it takes to make or to walk through a value once, without what lies in its items. */
export function cost(value: Value): number {
  if (isText(value)) return value.value.length >> 6;
  if (isList(value)) return value.value.length >> 2;
  return isMap(value) ? value.value.size >> 2 : 0;
}

export class JinjaBudget extends Budget {
  /** Lists and mappings never change once made, namespaces do. */
  readonly #sizes = new WeakMap<Value, number>();

  checkItems(count: number): void {
    this.checkSize(count * itemSize);
  }

  /** Spends what a search in a long text takes at worst. */
  search(needle: string, hay: string): void {
    this.spend(Math.floor((needle.length * hay.length) / 1024));
  }

  /** The size of a value, itself and all it holds. Throws TemplateError if it is too big. */
  measure(value: Value): number {
    const size = this.#size(value);
    this.checkSize(size);
    return size;
  }

  #size(value: Value): number {
    if (isText(value)) return value.value.length;
    if (!isList(value) && !isMap(value)) return 1;
    const known = this.#sizes.get(value);
    if (known !== undefined) return known;
    let size = itemSize;
    for (const item of value.value.values()) {
      // A namespace is the only value that can change, so the only one through which a cycle could close.
      if (isNamespace(item)) throw new TemplateError('The chat template puts a namespace into another value');
      size += itemSize + this.#size(item);
    }
    if (isMap(value)) for (const key of value.value.keys()) size += key.length;
    if (!isNamespace(value)) this.#sizes.set(value, size);
    return size;
  }
}
