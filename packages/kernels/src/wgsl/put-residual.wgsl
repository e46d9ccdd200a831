// Epilogue of a matmul into the residual stream: stream += four rows of one token.
override ROW_START: u32;
@group(0) @binding(7) var<storage, read_write> stream: array<vec4f>; // [width / 4][TOKENS]

fn put(row: u32, token: u32, value: vec4f) {
  if (row >= ROWS) { return; }
  stream[(ROW_START + row) / 4u * TOKENS + token] += value;
}
