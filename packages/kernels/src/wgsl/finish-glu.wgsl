// Epilogue of a matvec over gate and up stacked: hidden[row] = silu(gate)·up. A lane's four rows are two of each.
const ROWS_AT_ONCE = 2u;
@group(0) @binding(7) var<storage, read_write> hidden: array<f32>;

fn weight_row(first: u32, i: u32) -> u32 { return min(first + (i & 1u), matrix.rows / 2u - 1u) + (i >> 1u) * (matrix.rows / 2u); }

fn finish(first: u32, acc: vec4f, scale: f32) -> f32 {
  let gate = acc.xy * scale;
  let h = gate / (1.0 + exp(-gate)) * acc.zw * scale;
  if (first < matrix.rows / 2u) { hidden[matrix.row_start / 2u + first] = h.x; }
  if (first + 1u < matrix.rows / 2u) { hidden[matrix.row_start / 2u + first + 1u] = h.y; }
  return 0.0;
}

fn finish_group(group: u32, sum: f32) {}
