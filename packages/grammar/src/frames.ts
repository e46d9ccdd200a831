/** The open objects and arrays around a place in a text, as a stack of interned frames. */
import type { ArrayState } from './array-plans.ts';
import type { ObjectPlace } from './object-plan.ts';
import type { ArrayShape } from './shape.ts';

export type Frame = {
  readonly id: number;
  readonly parent: Frame | undefined;
  /** How many frames there are, with this one. */
  readonly depth: number;
  /** Whether it stands in an array whose items must differ, or is one. */
  readonly unique: boolean;
} & (
  | { readonly kind: 'object'; readonly place: ObjectPlace }
  /** `start` is where the item in progress begins in the text, kept where items must differ. */
  | { readonly kind: 'array'; readonly shape: ArrayShape; readonly state: ArrayState; readonly start: number }
  /** Stands for whatever is around. */
  | { readonly kind: 'hole' }
);

export const MAX_DEPTH = 400;

/** As deep as half of what is allowed, so that what is found in it holds at all places that are no deeper. */
export const HOLE: Frame = { id: -1, parent: undefined, depth: MAX_DEPTH / 2, unique: false, kind: 'hole' };

export class Frames {
  readonly #ids = new Map<object, number>();
  #frames = new Map<string, Frame>();
  #count = 0;

  /** Frames that were interned are made anew from now on. */
  forget(): void {
    this.#frames = new Map();
  }

  object(parent: Frame | undefined, place: ObjectPlace): Frame {
    const key = `o${parent?.id},${place.id}`;
    return this.#frames.get(key) ?? this.#add(key, { ...this.#base(parent), kind: 'object', place });
  }

  array(parent: Frame | undefined, shape: ArrayShape, state: ArrayState, start: number): Frame {
    const key = `a${parent?.id},${this.#idOf(shape)},${state.index},${state.counts.join('.')},${state.taken.join('.')},${start}`;
    const known = this.#frames.get(key);
    if (known) return known;
    const base = this.#base(parent);
    const unique = base.unique || shape.unique;
    return this.#add(key, { ...base, unique, kind: 'array', shape, state, start });
  }

  #base(parent: Frame | undefined) {
    const unique = parent?.unique ?? false;
    return { id: this.#count++, parent, depth: (parent?.depth ?? 0) + 1, unique };
  }

  #add(key: string, frame: Frame): Frame {
    this.#frames.set(key, frame);
    return frame;
  }

  #idOf(thing: object): number {
    let id = this.#ids.get(thing);
    if (id === undefined) {
      id = this.#ids.size;
      this.#ids.set(thing, id);
    }
    return id;
  }
}
