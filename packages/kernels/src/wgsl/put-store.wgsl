// Epilogue of a matmul: y[ROW_START + row …] = four rows of one token (+ bias). Rows come in quads; ROW_START is a multiple of 4.
override ROW_START: u32;
override BIAS: bool;
@group(0) @binding(6) var<storage, read> bias: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> y: array<vec4f>; // [all rows / 4][TOKENS]

fn put(row: u32, token: u32, value: vec4f) {
  if (row >= ROWS) { return; }
  let quad = (ROW_START + row) / 4u;
  var v = value;
  if (BIAS) { v += bias[quad]; }
  y[quad * TOKENS + token] = v;
}
