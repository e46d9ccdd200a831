/** What one rendering may use. A template comes with a downloaded file, so it is a stranger's program. */
import { isList, isMap, isNamespace, isText, type Value } from './values.ts';

/** A template that cannot be parsed, refuses the messages, or wants more than a rendering may use. */
export class TemplateError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TemplateError';
  }
}

export const maxSourceLength = 1 << 18;
/** The library's parser takes time quadratic in a run of blanks; the longest seen in a real template is 45. */
export const maxBlankRun = 512;
/** Size of one value: characters, and `itemSize` for every item of a list or mapping, nested ones included. */
const maxSize = 1 << 21;
const itemSize = 16;
/** Nodes evaluated, and work on long texts and lists as `cost` counts it: a second's worth at most, a fraction of it as a rule. */
const maxSteps = 1_000_000;
const maxDepth = 400;
/** The last resort, for work that the steps undercount. Far above what an honest template takes on a busy machine. */
const maxMs = 3000;

/** Steps that it takes to make or to walk through a value once, without what lies in its items. */
export function cost(value: Value): number {
  if (isText(value)) return value.value.length >> 6;
  if (isList(value)) return value.value.length >> 2;
  return isMap(value) ? value.value.size >> 2 : 0;
}

/** Counts what one rendering uses, and throws TemplateError when that is too much. */
export class Budget {
  #steps = 0;
  #depth = 0;
  readonly #deadline = performance.now() + maxMs;
  /** Lists and mappings never change once made, namespaces do. */
  readonly #sizes = new WeakMap<Value, number>();

  spend(steps: number): void {
    const before = this.#steps;
    this.#steps += steps;
    // The clock costs as much as a step.
    const late = before >> 4 !== this.#steps >> 4 && performance.now() > this.#deadline;
    if (late || this.#steps > maxSteps) throw new TemplateError('The chat template takes too many steps');
  }

  enter(): void {
    if (++this.#depth > maxDepth) throw new TemplateError('The chat template nests or recurses too deeply');
  }

  leave(): void {
    this.#depth--;
  }

  /** For results whose size is known before they are made. */
  checkSize(size: number): void {
    if (!(size <= maxSize)) {
      throw new TemplateError(
        `The chat template needs or makes a text or list of more than ${maxSize} characters`,
      );
    }
  }

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
