/** Dispatches over many tokens at once, activations quad-major: [rows / 4][tokens] of vec4f. Prefill and whole texts share them. */
import type { Constants } from './kernel.ts';
import type { Dispatch } from './plan.ts';
import type { GpuPart, GpuWeight } from './upload.ts';
import { pad32 } from './weight-layout.ts';

/** Where the tokens are. */
export interface Tile {
  /** Workgroup size, where lanes are tokens. */
  readonly lanes: number;
  /** Tokens that there is room for, a multiple of 8·lanes. */
  readonly tokens: number;
  readonly state: GPUBuffer;
  /** Bound where a kernel has a binding that is not used. */
  readonly none: GPUBuffer;
}

export const bool = (value: unknown): number => (value ? 1 : 0);
/** A float as a word of a uniform block. */
export const floatBits = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0];
export const planesOf = (part: GpuPart): Record<number, GPUBuffer> => ({ ...part.planes });
export const constantsOf = ({ lanes, tokens }: Tile): Constants => ({ LANES: lanes, TOKENS: tokens });
/** Workgroups for so many tokens, where a lane has one. */
export const groupsOf = ({ lanes }: Tile, tokens: number): number => Math.ceil(tokens / lanes);

/** Rows of a table, one for each token by `ids`, to x, or added to it. */
export const embedRows = (
  tile: Tile,
  table: GpuWeight,
  ids: GPUBuffer,
  x: GPUBuffer,
  add = false,
): Dispatch[] =>
  table.parts.map(part => ({
    kernel: 'embed-rows',
    type: part.type,
    constants: constantsOf(tile),
    uniforms: [pad32(table.cols) / 32, part.rows, part.rowStart, bool(add)],
    bindings: { ...planesOf(part), 3: tile.state, 5: ids, 7: x },
    grid: tokens => [pad32(table.cols) / 32, groupsOf(tile, tokens)],
  }));

/** x / rms(x) · gain. */
export const normRows = (
  tile: Tile,
  quads: number,
  epsilon: number,
  x: GPUBuffer,
  gain: GpuWeight,
  normed: GPUBuffer,
): Dispatch => ({
  kernel: 'norm-rows',
  constants: constantsOf(tile),
  uniforms: [quads, floatBits(epsilon)],
  bindings: { 3: tile.state, 4: x, 5: gain.vector!, 6: normed },
  grid: tokens => [groupsOf(tile, tokens)],
});

/** y = x·wᵀ + bias, or y += that. */
export const matmulRows = (
  tile: Tile,
  weight: GpuWeight,
  x: GPUBuffer,
  y: GPUBuffer,
  { add = false, bias }: { readonly add?: boolean; readonly bias?: GpuWeight } = {},
): Dispatch[] =>
  weight.parts.map(part => ({
    kernel: 'matmul',
    type: part.type,
    constants: constantsOf(tile),
    uniforms: [pad32(weight.cols) / 32, part.rows, part.rowStart, bool(bias), bool(add)],
    bindings: { ...planesOf(part), 3: tile.state, 4: x, 6: bias?.vector ?? tile.none, 7: y },
    grid: tokens => [Math.ceil(part.rows / 8), Math.ceil(tokens / (8 * tile.lanes))],
  }));

/** silu(gate)·up, of the rows that `gateUp` makes. */
export const gluRows = (tile: Tile, gateUp: GpuWeight, both: GPUBuffer, hidden: GPUBuffer): Dispatch[] =>
  // parts of a pair have rows of both, one matrix after the other in each
  (gateUp.paired ? gateUp.parts : [{ rows: gateUp.rows, rowStart: 0 }]).map(({ rows, rowStart }) => ({
    kernel: 'glu-rows',
    constants: constantsOf(tile),
    uniforms: [rows / 8, rowStart / 8],
    bindings: { 3: tile.state, 4: both, 5: hidden },
    grid: tokens => [groupsOf(tile, tokens), rows / 8],
  }));
