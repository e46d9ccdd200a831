// Epilogue of a matvec: y[row_start + row] = scale·sum (+ bias).
const ROWS_AT_ONCE = 4u;
@group(0) @binding(6) var<storage, read> bias: array<f32>;
@group(0) @binding(7) var<storage, read_write> y: array<f32>;

fn weight_row(first: u32, i: u32) -> u32 { return min(first + i, matrix.rows - 1u); }

fn store(row: u32, value: f32) {
  if (row >= matrix.rows) { return; }
  var v = value;
  if (matrix.bias != 0u) { v += bias[matrix.row_start + row]; }
  y[matrix.row_start + row] = v;
}

fn finish(first: u32, acc: vec4f, scale: f32) -> f32 {
  let v = acc * scale;
  store(first, v.x);
  store(first + 1u, v.y);
  store(first + 2u, v.z);
  store(first + 3u, v.w);
  return 0.0;
}

fn finish_group(group: u32, sum: f32) {}
