/**
 * `unevaluatedProperties` and `unevaluatedItems`: what no other keyword has looked at. Which keywords look at what depends on the
 * instance (a branch of `anyOf` counts where it holds), so each contributes under a condition, and the rule for a property is: its
 * value satisfies the schema, or one of the conditions holds. JSON Schema 2020-12 core §11.
 */
import { spell } from '../characters.ts';
import { FALSE, type Formula, TRUE } from '../formulas.ts';
import { isObject, type Json } from '../json.ts';
import type { Reading } from '../reading.ts';
import type { Term } from '../terms.ts';
import { escapePointer, type Keyword, keys, refuse } from './keyword.ts';

/** What the keywords of one schema evaluate where `when` holds. */
interface Share {
  readonly when: Formula;
  readonly reading: Reading;
}

const MAX_DEPTH = 30;
const MAX_CELLS = 6;

/** Every schema that is applied to the instance itself, with its condition; the first is `reading`. */
function shares(reading: Reading, keyword: string): readonly Share[] {
  const { formulas } = reading;
  const found: Share[] = [];
  const visit = (at: Reading, when: Formula, depth: number): void => {
    if (depth > MAX_DEPTH) refuse(reading, keyword, 'through recursion it is not supported');
    found.push({ when, reading: at });
    const { schema } = at;
    const enter = (value: Json | undefined, path: string, condition: Formula): void => {
      if (isObject(value)) visit(at.inside(value, path), condition, depth + 1);
    };
    const branches = (name: string, condition: (branch: Json, path: string) => Formula): void => {
      const list = schema.get(name);
      if (!Array.isArray(list)) return;
      list.forEach((branch: Json, i) => {
        enter(branch, `/${name}/${i}`, condition(branch, `/${name}/${i}`));
      });
    };
    const holds = (branch: Json, path: string): Formula => formulas.and(when, at.subschema(branch, path));
    branches('allOf', () => when);
    branches('anyOf', holds);
    branches('oneOf', holds);
    for (const name of ['$ref', '$dynamicRef', '$recursiveRef']) {
      const uri = schema.get(name);
      const target = typeof uri === 'string' ? at.referenced(uri, name) : undefined;
      if (target) visit(target, when, depth + 1);
    }
    const test = schema.get('if');
    if (test !== undefined) {
      const yes = at.subschema(test, '/if');
      enter(test, '/if', formulas.and(when, yes));
      enter(schema.get('then'), '/then', formulas.and(when, yes));
      enter(schema.get('else'), '/else', formulas.and(when, formulas.not(yes)));
    }
    for (const name of ['dependentSchemas', 'dependencies']) {
      const rules = schema.get(name);
      if (!isObject(rules)) continue;
      for (const [property, needs] of rules) {
        // of arrays and scalars it says nothing: an object that has the property
        const has = formulas.not(formulas.atom({ kind: 'properties', names: { name: property }, of: FALSE }));
        enter(needs, `/${name}/${escapePointer(property)}`, formulas.and(when, has));
      }
    }
  };
  visit(reading, TRUE, 0);
  return found;
}

export const unevaluatedProperties: Keyword = (value, reading, keyword) => {
  const { formulas, terms, characters } = reading;
  const of = reading.subschema(value, `/${keyword}`);
  if (of === TRUE) return TRUE;
  const all: Formula[] = [];
  const names = new Map<string, Formula[]>();
  const patterns = new Map<Term, Formula[]>();
  for (const { when, reading: at } of shares(reading, keyword)) {
    const { schema } = at;
    if (schema.has('additionalProperties') || (at !== reading && schema.has(keyword))) all.push(when);
    for (const name of keys(schema.get('properties'))) names.set(name, [...(names.get(name) ?? []), when]);
    for (const pattern of keys(schema.get('patternProperties'))) {
      const term = at.pattern(pattern, 'patternProperties');
      patterns.set(term, [...(patterns.get(term) ?? []), when]);
    }
  }
  if (patterns.size > MAX_CELLS) return refuse(reading, keyword, 'beside so many others it is not supported');
  const rule = (of_: Formula, conditions: readonly Formula[]): Formula =>
    formulas.or(of_, ...all, ...conditions);
  const rules: Formula[] = [];
  for (const [name, conditions] of names) {
    const spelled = spell(name);
    const matching = [...patterns]
      .filter(([term]) => terms.matches(term, spelled))
      .flatMap(([, when]) => when);
    rules.push(
      rule(formulas.atom({ kind: 'properties', names: { name }, of }), [...conditions, ...matching]),
    );
  }
  const unnamed = terms.and(characters.string, terms.not(characters.literals(names.keys())));
  let cells: (readonly [Term, readonly Formula[]])[] = [[unnamed, []]];
  for (const [term, conditions] of patterns) {
    cells = cells.flatMap(([cell, found]) => [
      [terms.and(cell, term), [...found, ...conditions]] as const,
      [terms.and(cell, terms.not(term)), found] as const,
    ]);
  }
  for (const [term, conditions] of cells) {
    rules.push(rule(formulas.atom({ kind: 'properties', names: { term }, of }), conditions));
  }
  return formulas.and(...rules);
};

export const unevaluatedItems: Keyword = (value, reading, keyword) => {
  const { formulas } = reading;
  const of = reading.subschema(value, `/${keyword}`);
  if (of === TRUE) return TRUE;
  /** Items before `until` are evaluated where `when` holds. */
  const stretches: { readonly when: Formula; readonly until: number }[] = [];
  /** Items that satisfy `of` are evaluated where `when` holds. */
  const contained: { readonly when: Formula; readonly of: Formula }[] = [];
  for (const { when, reading: at } of shares(reading, keyword)) {
    const { schema } = at;
    const items = schema.get('items');
    const tuple = schema.get('prefixItems') ?? items;
    const rest =
      (items !== undefined && !Array.isArray(items)) ||
      (Array.isArray(items) && schema.has('additionalItems')) ||
      (at !== reading && schema.has(keyword));
    stretches.push({ when, until: rest ? Infinity : Array.isArray(tuple) ? tuple.length : 0 });
    // In 2019-09 `contains` evaluates nothing.
    if (schema.has('contains') && reading.draft >= 2020) {
      contained.push({ when, of: at.subschema(schema.get('contains')!, '/contains') });
    }
  }
  const certain = contained.filter(({ when }) => when === TRUE);
  const possible = contained.filter(({ when }) => when !== TRUE);
  if (possible.length > MAX_CELLS)
    return refuse(reading, keyword, 'beside so many others it is not supported');
  const finite = Math.max(...stretches.map(({ until }) => (until < Infinity ? until : 0)));
  const options: Formula[] = [];
  for (let set = 0; set < 1 << possible.length; set++) {
    const chosen = possible.filter((_, i) => (set >> i) & 1);
    const item = formulas.or(of, ...[...certain, ...chosen].map(share => share.of));
    const rules = chosen.map(share => share.when);
    for (let at = 0; at <= finite; at++) {
      const evaluated = stretches.filter(({ until }) => until > at).map(({ when }) => when);
      const to = at < finite ? at : Infinity;
      rules.push(
        item === TRUE
          ? TRUE
          : formulas.or(formulas.atom({ kind: 'items', from: at, to, of: item }), ...evaluated),
      );
    }
    options.push(formulas.and(...rules));
  }
  return formulas.or(...options);
};

export const UNEVALUATED: Record<string, Keyword> = { unevaluatedProperties, unevaluatedItems };
