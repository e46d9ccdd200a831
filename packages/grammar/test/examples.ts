import { expect, it } from 'vitest';
import { fits, read } from './reading.ts';

/** A schema, texts that satisfy it, texts that do not. */
export type Example = readonly [schema: unknown, yes: readonly string[], no: readonly string[]];

/** One test for each. */
export function examples(list: readonly Example[]): void {
  for (const [schema, yes, no] of list) {
    it(JSON.stringify(schema), () => {
      for (const text of yes) expect(read(schema, text), text).toBe('yes');
      for (const text of no) expect(fits(schema, text), text).toBe(false);
    });
  }
}
