/**
 * What is known of the objects of a shape before any is written, and of one as far as it is written.
 */
import type { Formula, Names } from './formulas.ts';
import type { ObjectShape } from './shape.ts';
import type { Term } from './terms.ts';

/** What is written of an object. */
export interface ObjectState {
  /** For every list of the plan, the first place whose name may still come. */
  readonly places: readonly number[];
  /** Properties so far, no further than the plan needs to know. */
  readonly count: number;
  /** Which of the shape's `some` are satisfied, as bits. */
  readonly done: number;
  /** Names beyond the plan's that are taken. */
  readonly extras: readonly string[];
  /** For every clause the literals that may still come true, as bits, or SATISFIED. */
  readonly clauses: readonly number[];
  /** Of the shape's `apart`, those that the object may still be. */
  readonly apart: readonly Formula[];
}

/** An object as far as it is written, apart from where it stands; interned. */
export class ObjectPlace {
  readonly id: number;
  readonly plan: ObjectPlan;
  readonly state: ObjectState;
  /** Where names led so far, by their spelling. */
  after: Map<string, readonly Continuation[]> | undefined = undefined;
  keys: Keys | undefined = undefined;

  constructor(id: number, plan: ObjectPlan, state: ObjectState) {
    this.id = id;
    this.plan = plan;
    this.state = state;
  }
}

/** A property's name is written; its value must satisfy `value`. */
export class Continuation {
  readonly place: ObjectPlace;
  readonly value: Formula;

  constructor(place: ObjectPlace, value: Formula) {
    this.place = place;
    this.value = value;
  }
}

/** The keys that may come next. */
export interface Keys {
  /** Whole JSON strings. */
  readonly term: Term;
  /**
   * Any beginning leads to a name that may come, since all do but finitely many: the term holds every string, and the name is looked at
   * when it is complete.
   */
  readonly open: boolean;
}

export const SATISFIED = -1;

export class ObjectPlan {
  readonly shape: ObjectShape;
  /** The names known beforehand, in lists whose order is kept. */
  readonly lists: readonly (readonly string[])[];
  readonly values: ReadonlyMap<string, Formula>;
  /** Strings that are none of the names, and whose value can exist; made when it is asked for. */
  readonly others: () => Term;
  /** Whether those are all that are none of the names. */
  readonly unrestricted: boolean;
  /** Properties are counted up to here. */
  readonly counted: number;
  readonly start: ObjectState;
  /** The spellings of the names that begin so. */
  readonly begun = new Map<string, readonly string[]>();
  /** By the state. */
  readonly places = new Map<string, ObjectPlace>();

  constructor(
    shape: ObjectShape,
    lists: readonly (readonly string[])[],
    values: ReadonlyMap<string, Formula>,
    others: () => Term,
    unrestricted: boolean,
    longest: number,
  ) {
    this.shape = shape;
    this.lists = lists;
    this.values = values;
    this.others = others;
    this.unrestricted = unrestricted;
    const sizes = [shape, ...shape.clauses.flat().filter(literal => literal.kind === 'size')];
    this.counted = Math.max(longest + 1, ...sizes.map(({ min, max }) => (max < Infinity ? max + 1 : min)));
    const clauses = shape.clauses.map(clause => 2 ** clause.length - 1);
    this.start = { places: lists.map(() => 0), count: 0, done: 0, extras: [], clauses, apart: shape.apart };
  }
}

export interface Wanted {
  readonly names: Names;
  readonly of: Formula;
}

/** Whether an object of the shape declares names and needs no others. */
export function isClosable({ order, some, min, clauses }: ObjectShape): boolean {
  const needsOthers = clauses
    .flat()
    .some(literal =>
      literal.kind === 'size' ? literal.min > 0 : literal.kind === 'some' && 'term' in literal.names,
    );
  return order.length > 0 && min === 0 && some.length === 0 && !needsOthers;
}

/** Whether nothing is asked but names with their values. */
export function isPlain({ some, clauses, apart, min, max }: ObjectShape): boolean {
  return some.length + clauses.length + apart.length === 0 && min === 0 && max === Infinity;
}
