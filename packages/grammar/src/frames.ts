/** The open objects and arrays around a place in a text, as a stack of interned frames. */
import type { ArrayState } from './array-plans.ts';
import type { ObjectPlace } from './object-plan.ts';
import type { ArrayShape } from './shape.ts';

class BaseFrame {
  readonly id: number;
  readonly parent: Frame | undefined;
  /** How many frames there are, with this one. */
  readonly depth: number;
  /** Whether it stands in an array whose items must differ, or is one. */
  readonly unique: boolean;

  constructor(id: number, parent: Frame | undefined, unique = false) {
    this.id = id;
    this.parent = parent;
    this.depth = (parent?.depth ?? 0) + 1;
    this.unique = unique || parent?.unique === true;
  }
}

class ObjectFrame extends BaseFrame {
  readonly kind = 'object';
  readonly place: ObjectPlace;

  constructor(id: number, parent: Frame | undefined, place: ObjectPlace) {
    super(id, parent);
    this.place = place;
  }
}

class ArrayFrame extends BaseFrame {
  readonly kind = 'array';
  readonly shape: ArrayShape;
  readonly state: ArrayState;
  /** Where the item in progress begins in the text, kept where items must differ. */
  readonly start: number;

  constructor(id: number, parent: Frame | undefined, shape: ArrayShape, state: ArrayState, start: number) {
    super(id, parent, shape.unique);
    this.shape = shape;
    this.state = state;
    this.start = start;
  }
}

/** Several around one value, which is the same in all of them: it is read once. */
class JointFrame extends BaseFrame {
  readonly kind = 'joint';
  readonly frames: readonly Frame[];

  constructor(id: number, frames: readonly Frame[]) {
    super(
      id,
      frames[0].parent,
      frames.some(frame => frame.unique),
    );
    this.frames = frames;
  }
}

/** Stands for whatever is around. */
interface Hole extends BaseFrame {
  readonly kind: 'hole';
}

export type Frame = ObjectFrame | ArrayFrame | JointFrame | Hole;

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
    return this.#frames.get(key) ?? this.#add(key, new ObjectFrame(this.#count++, parent, place));
  }

  array(parent: Frame | undefined, shape: ArrayShape, state: ArrayState, start: number): Frame {
    const key = `a${parent?.id},${this.#idOf(shape)},${state.index},${state.counts.join('.')},${state.taken},${state.apart.join('.')},${start}`;
    const known = this.#frames.get(key);
    return known ?? this.#add(key, new ArrayFrame(this.#count++, parent, shape, state, start));
  }

  joint(frames: readonly Frame[]): Frame {
    if (frames.length === 1) return frames[0];
    const key = `j${frames.map(({ id }) => id).sort((a, b) => a - b)}`;
    return this.#frames.get(key) ?? this.#add(key, new JointFrame(this.#count++, frames));
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
