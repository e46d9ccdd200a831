/** What one rendering may use. A template comes with a downloaded file, so it is a stranger's program. */

/** A template that cannot be parsed, refuses the messages, or wants more than a rendering may use. */
export class TemplateError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TemplateError';
  }
}

const maxSourceLength = 1 << 18;
/** Characters of one text. */
const maxSize = 1 << 21;
/** Nodes evaluated, and work on long texts and lists: a second's worth at most, a fraction of it as a rule. */
const maxSteps = 1_000_000;
const maxDepth = 400;
/** The last resort, for work that the steps undercount. Far above what an honest template takes on a busy machine. */
const maxMs = 3000;

/** Counts what one rendering uses, and throws TemplateError when that is too much. */
export class Budget {
  #steps = 0;
  #depth = 0;
  readonly #deadline = performance.now() + maxMs;

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
}

/** Throws TemplateError for a template that is too long. */
export function checkLength(source: string): void {
  if (source.length > maxSourceLength) {
    throw new TemplateError(
      `The chat template has ${source.length} characters, more than ${maxSourceLength}`,
    );
  }
}
