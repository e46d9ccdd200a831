// Epilogue of a matvec into the residual stream: stream += sum; normed = stream·gain for the next reader, and a sum of squares
// for every workgroup. Slots of `partials` beyond the last workgroup are zeroed by
// the first. A matrix of several parts has `groups` workgroups in all, `group_start` of them before this part.
const ROWS_AT_ONCE = 4u;
@group(0) @binding(5) var<storage, read_write> partials: array<f32>; // [matrix.partials]
@group(0) @binding(6) var<storage, read> gain: array<f32>;
@group(0) @binding(7) var<storage, read_write> stream: array<f32>;
@group(0) @binding(8) var<storage, read_write> normed: array<f32>;

fn input_squares(first: u32, stride: u32) -> f32 { return 0.0; }
fn input_scale(squares: f32) -> f32 { return 1.0; }
fn weight_row(first: u32, i: u32) -> u32 { return min(first + i, matrix.rows - 1u); }

fn add(row: u32, value: f32) -> f32 {
  if (row >= matrix.rows) { return 0.0; }
  let at = matrix.row_start + row;
  let v = stream[at] + value;
  stream[at] = v;
  normed[at] = v * gain[at];
  return v * v;
}

fn finish(first: u32, acc: vec4f, scale: f32) -> f32 {
  return add(first, acc.x) + add(first + 1u, acc.y) + add(first + 2u, acc.z) + add(first + 3u, acc.w);
}

fn finish_group(group: u32, sum: f32) {
  partials[matrix.group_start + group] = sum;
  if (matrix.group_start + group == 0u) {
    for (var i = matrix.groups; i < matrix.partials; i++) { partials[i] = 0.0; }
  }
}
