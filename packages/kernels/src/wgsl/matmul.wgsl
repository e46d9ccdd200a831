// Y = W·X for a tile of tokens. Lanes are tokens, eight to a lane; a workgroup takes eight rows of W, dequantized once for all of
// its tokens, in registers: no workgroup memory, no barrier. Activations are quad-major: [columns / 4][TOKENS] of vec4f, so that
// neighbouring lanes read neighbouring memory. The loop over a block's quads is a real one: unrolled, compilers take minutes.
override LANES: u32;
override TOKENS: u32; // of a tile, a multiple of 8·LANES
struct State { token: u32, position: u32, count: u32, tokens: u32 }
struct Matrix { blocks: u32, rows: u32, row_start: u32, bias: u32, add: u32 }
@group(0) @binding(3) var<storage, read> state: State;
@group(0) @binding(4) var<storage, read> x: array<vec4f>; // [8·blocks][TOKENS]
@group(0) @binding(6) var<storage, read> bias: array<vec4f>; // [all rows / 4]
@group(0) @binding(7) var<storage, read_write> y: array<vec4f>; // [all rows / 4][TOKENS]
@group(0) @binding(11) var<uniform> matrix: Matrix;

// y = four rows of one token, + bias; or y += them.
fn put(row: u32, token: u32, value: vec4f) {
  if (row >= matrix.rows) { return; }
  let quad = (matrix.row_start + row) / 4u;
  let at = quad * TOKENS + token;
  var v = value;
  if (matrix.bias != 0u) { v += bias[quad]; }
  if (matrix.add != 0u) { v += y[at]; }
  y[at] = v;
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = id.x * 8u;
  let first = id.y * 8u * LANES;
  if (first >= state.tokens) { return; }
  let token = first + lane;
  let blocks = matrix.blocks;
  let last = matrix.rows - 1u;
  let r0 = min(row, last) * blocks;
  let r1 = min(row + 1u, last) * blocks;
  let r2 = min(row + 2u, last) * blocks;
  let r3 = min(row + 3u, last) * blocks;
  let r4 = min(row + 4u, last) * blocks;
  let r5 = min(row + 5u, last) * blocks;
  let r6 = min(row + 6u, last) * blocks;
  let r7 = min(row + 7u, last) * blocks;
  // rows in quads (top: 0…3, bottom: 4…7) by tokens in fours: a column is a token
  var top_a: mat4x4f;
  var top_b: mat4x4f;
  var bottom_a: mat4x4f;
  var bottom_b: mat4x4f;
  for (var b = 0u; b < blocks; b++) {
    let w0 = load_block(r0 + b);
    let w1 = load_block(r1 + b);
    let w2 = load_block(r2 + b);
    let w3 = load_block(r3 + b);
    let w4 = load_block(r4 + b);
    let w5 = load_block(r5 + b);
    let w6 = load_block(r6 + b);
    let w7 = load_block(r7 + b);
    for (var i = 0u; i < 8u; i++) {
      let at = (8u * b + i) * TOKENS + token;
      let x_a = mat4x4f(x[at], x[at + LANES], x[at + 2u * LANES], x[at + 3u * LANES]);
      let x_b = mat4x4f(x[at + 4u * LANES], x[at + 5u * LANES], x[at + 6u * LANES], x[at + 7u * LANES]);
      let top = transpose(mat4x4f(quad_of(w0, i), quad_of(w1, i), quad_of(w2, i), quad_of(w3, i)));
      let bottom = transpose(mat4x4f(quad_of(w4, i), quad_of(w5, i), quad_of(w6, i), quad_of(w7, i)));
      top_a += mat4x4f(top * x_a[0], top * x_a[1], top * x_a[2], top * x_a[3]);
      top_b += mat4x4f(top * x_b[0], top * x_b[1], top * x_b[2], top * x_b[3]);
      bottom_a += mat4x4f(bottom * x_a[0], bottom * x_a[1], bottom * x_a[2], bottom * x_a[3]);
      bottom_b += mat4x4f(bottom * x_b[0], bottom * x_b[1], bottom * x_b[2], bottom * x_b[3]);
    }
  }
  for (var j = 0u; j < 4u; j++) {
    put(row, token + j * LANES, top_a[j]);
    put(row, token + (j + 4u) * LANES, top_b[j]);
    put(row + 4u, token + j * LANES, bottom_a[j]);
    put(row + 4u, token + (j + 4u) * LANES, bottom_b[j]);
  }
}
