import { arrayStart } from './array-plans.ts';
import { GrammarError, LimitError } from './error.ts';
import { FALSE, type Formula, TRUE } from './formulas.ts';
import { type Json, parseJson, toJson } from './json.ts';
import type { MaskCache } from './masks.ts';
import { Places } from './places.ts';
import { Plans } from './plans.ts';
import { SchemaReader } from './schema.ts';
import { States } from './states.ts';
import type { Terms } from './terms.ts';
import type { Vocabulary } from './vocabulary.ts';

export interface GrammarOptions {
  /** No blank space between the tokens of JSON. Default false: at most one space, or a line feed and 40 blanks. */
  readonly compact?: boolean;
  /** Properties come in any order. Default false: in the order of the schema. */
  readonly anyOrder?: boolean;
  /**
   * An object that declares properties has no others, unless `additionalProperties`, `patternProperties` or the like speak of them, or
   * it might not do without. Default false, as JSON Schema has it.
   */
  readonly closed?: boolean;
}

/** A compiled schema: the texts that satisfy it. It grows as texts are read, within limits, and is freed as a whole. */
export interface Grammar {
  readonly states: States;
  readonly terms: Terms;
  /** The masks found so far. */
  readonly caches: Map<Vocabulary, MaskCache>;
}

const MAX_REACHABLE = 20_000;
/** Of which one leads to the next. */
const MAX_REFERENCES = 50;

/**
 * Compiles a schema: `'json'` (any JSON object, as Ollama has it), a schema as JSON text, or one as `JSON.parse` gives it (which
 * moves keys that look like integers to the front; text keeps them in place).
 * @throws {GrammarError} Something in it cannot be enforced, or nothing satisfies it.
 */
export function compileSchema(
  schema: unknown,
  { compact = false, anyOrder = false, closed = false }: GrammarOptions = {},
): Grammar {
  let document: Json;
  try {
    document =
      schema === 'json'
        ? new Map([['type', 'object']])
        : typeof schema === 'string'
          ? parseJson(schema)
          : toJson(schema);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new GrammarError('invalid', '', '', `the schema is not JSON: ${error.message}`);
  }
  const reader = new SchemaReader(document, closed);
  try {
    const plans = new Plans(reader, { anyOrder, closed });
    if (closed && !plans.inhabited(reader.root)) return compileSchema(schema, { compact, anyOrder });
    if (!plans.inhabited(reader.root)) throw unsatisfiable(reader, plans);
    const places = new Places(reader, plans);
    visitAll(reader, plans, places);
    return { states: new States(reader, plans, places, compact), terms: reader.terms, caches: new Map() };
  } catch (error) {
    // the stack of V8 has an end
    const isDeep = error instanceof RangeError;
    if (!isDeep && !(error instanceof LimitError)) throw error;
    const { pointer = '', keyword = '' } = reader.shapes.at ?? {};
    throw new GrammarError(
      'too-complex',
      pointer,
      keyword,
      isDeep ? 'it is nested too deeply' : error.message,
    );
  }
}

/** Names the innermost schema that is seen to keep all texts out, and the first of its keywords that leaves none. */
function unsatisfiable({ root, formulas, shapes }: SchemaReader, plans: Plans): GrammarError {
  plans.renew();
  let pointer = '';
  let keyword = '';
  let node = formulas.node(root);
  for (let depth = 0; node.kind === 'schema' && depth < MAX_REFERENCES; depth++) {
    let all = TRUE;
    const last = node.parts.find(({ of }) => {
      all = formulas.and(all, of);
      return !plans.inhabited(all);
    });
    if (!last) break;
    pointer = node.pointer;
    keyword = last.keyword;
    const part = formulas.node(last.of);
    const inside = part.kind === 'and' ? [...part.parts] : [last.of];
    const { arrays, objects } = shapes.of(all);
    for (const { min, items } of arrays) for (const { from, of } of items) if (from < min) inside.push(of);
    for (const { required, named } of objects)
      for (const name of required) inside.push(named.get(name) ?? TRUE);
    node = formulas.node(
      inside.find(of => formulas.node(of).kind === 'schema' && !plans.inhabited(of)) ?? TRUE,
    );
  }
  return new GrammarError('unsatisfiable', pointer, keyword, 'no text satisfies the schema');
}

/** Looks at everything that a text can reach, so that what is wrong shows now and not in the middle of a text. */
function visitAll(reader: SchemaReader, plans: Plans, places: Places): void {
  const { root, shapes, formulas } = reader;
  const seen = new Set<Formula>([root, TRUE, FALSE]);
  const queue = [root];
  const visit = (formula: Formula): void => {
    if (seen.has(formula)) return;
    seen.add(formula);
    queue.push(formula);
  };
  for (let at = 0; at < queue.length; at++) {
    if (queue.length > MAX_REACHABLE) throw new LimitError('it has too many combinations');
    const inside = simpleParts(queue[at], reader);
    if (inside) {
      for (const formula of inside) visit(formula);
      continue;
    }
    const shape = shapes.of(queue[at]);
    plans.inhabited(queue[at]);
    for (const array of shape.arrays) {
      for (const from of [0, ...array.items.map(rule => rule.from), Number.MAX_SAFE_INTEGER]) {
        const item = shapes.itemAt(array, from);
        visit(item);
        for (const { value } of plans.arrays.afterItem(array, { ...arrayStart(array), index: from }))
          visit(value);
        for (const { of, max } of array.contains) {
          visit(formulas.and(item, of));
          if (max < Infinity || array.unique) visit(formulas.and(item, formulas.not(of)));
        }
      }
    }
    for (const object of shape.objects) {
      const plan = plans.object(object);
      for (const value of plan.values.values()) visit(value);
      if (object.clauses.length + object.patterns.length > 1) places.keysAt(places.place(plan));
      for (const rule of object.patterns) visit(rule.of);
      for (const rule of object.some) visit(rule.of);
      for (const literal of object.clauses.flat()) if (literal.kind !== 'size') visit(literal.of);
    }
  }
}

/**
 * What a formula asks of what is inside of its values, where it has no alternatives and nothing that passes a limit: nothing else can
 * be wrong with it, and it need not be looked at before a text comes to it. Absent where that is not seen.
 */
function simpleParts(of: Formula, { formulas, shapes, types }: SchemaReader): readonly Formula[] | undefined {
  let formula = of;
  let node = formulas.node(formula);
  for (let references = 0; node.kind === 'schema' && references < MAX_REFERENCES; references++) {
    shapes.at = node;
    formula = node.resolve();
    node = formulas.node(formula);
  }
  const inside: Formula[] = [];
  const names = new Set<string>();
  let scalars = 0;
  let items = 0;
  for (const part of node.kind === 'and' ? node.parts : [formula]) {
    const one = formulas.node(part);
    if (one.kind !== 'atom') return undefined;
    const { atom } = one;
    if (atom.kind === 'contains' || atom.kind === 'unique') return undefined;
    if (atom.kind === 'scalar' && ![...types.values()].includes(part) && ++scalars > 1) return undefined;
    // nothing is asked twice of one value
    if (atom.kind === 'items') {
      if (atom.from < items) return undefined;
      items = atom.to + 1;
    }
    if (atom.kind === 'properties' || atom.kind === 'some') {
      if ('term' in atom.names) {
        if (atom.kind === 'some' || atom.of !== FALSE) return undefined;
      } else if (atom.of !== TRUE) {
        if (names.has(atom.names.name)) return undefined;
        names.add(atom.names.name);
      }
    }
    if ('of' in atom) inside.push(atom.of);
  }
  return inside;
}
