/**
 * The Go template that Ollama puts in the place of a Jinja template that it knows, with the stop texts that go with it. The templates
 * are Ollama's (see LICENSE); a text is known if fewer than a hundred characters have to be changed in it.
 */

export interface KnownTemplate {
  readonly name: string;
  readonly template: string;
  readonly stop: readonly string[];
  /** The Jinja texts that it stands for. */
  readonly jinja: readonly string[];
}

const limit = 100;

/** The one of `templates` (those of `known-templates.json`, which not every page needs) that is nearest to a Jinja text, if one is near. */
export function detectTemplate(
  jinja: string,
  templates: readonly KnownTemplate[],
): KnownTemplate | undefined {
  let nearest: KnownTemplate | undefined;
  let least = limit;
  if (jinja === '') return undefined;
  const text = codePoints(jinja);
  for (const known of templates) {
    for (const variant of known.jinja) {
      const far = distance(text, codePoints(variant), least);
      if (far < least) [nearest, least] = [known, far];
    }
  }
  return nearest;
}

const codePoints = (text: string) => Array.from(text, char => char.codePointAt(0)!);

/** Levenshtein's distance where it is below `most`, else `most`: only the band of the table that can be below is filled. */
function distance(a: readonly number[], b: readonly number[], most: number): number {
  if (Math.abs(a.length - b.length) >= most) return most;
  let row = Uint32Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = new Uint32Array(b.length + 1).fill(most);
    next[0] = i;
    const to = Math.min(b.length, i + most);
    for (let j = Math.max(1, i - most); j <= to; j++) {
      const changed = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next[j] = Math.min(changed, row[j] + 1, next[j - 1] + 1, most);
    }
    row = next;
  }
  return Math.min(row[b.length], most);
}
