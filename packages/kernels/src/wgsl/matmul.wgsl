// Y = W·X for a tile of tokens. Lanes are tokens, eight to a lane; a workgroup takes eight rows of W, dequantized once for all of
// its tokens, in registers: no workgroup memory, no barrier. Activations are quad-major: [columns / 4][TOKENS] of vec4f, so that
// neighbouring lanes read neighbouring memory. `put` comes with the epilogue.
override LANES: u32;
override TOKENS: u32; // of a tile, a multiple of 8·LANES
override BLOCKS: u32;
override ROWS: u32;
struct State { token: u32, position: u32, count: u32, tokens: u32 }
@group(0) @binding(3) var<storage, read> state: State;
@group(0) @binding(4) var<storage, read> x: array<vec4f>; // [8·BLOCKS][TOKENS]

// Rows in quads (top: 0…3, bottom: 4…7) by tokens in fours: a column is a token.
struct Sums { top_a: mat4x4f, bottom_a: mat4x4f, top_b: mat4x4f, bottom_b: mat4x4f }

fn accumulate(sums: ptr<function, Sums>, at: u32, top: mat4x4f, bottom: mat4x4f) {
  let a = mat4x4f(x[at], x[at + LANES], x[at + 2u * LANES], x[at + 3u * LANES]);
  let b = mat4x4f(x[at + 4u * LANES], x[at + 5u * LANES], x[at + 6u * LANES], x[at + 7u * LANES]);
  let t = transpose(top);
  let u = transpose(bottom);
  (*sums).top_a += mat4x4f(t * a[0], t * a[1], t * a[2], t * a[3]);
  (*sums).bottom_a += mat4x4f(u * a[0], u * a[1], u * a[2], u * a[3]);
  (*sums).top_b += mat4x4f(t * b[0], t * b[1], t * b[2], t * b[3]);
  (*sums).bottom_b += mat4x4f(u * b[0], u * b[1], u * b[2], u * b[3]);
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = id.x * 8u;
  let first = id.y * 8u * LANES;
  if (first >= state.tokens) { return; }
  let token = first + lane;
  let last = ROWS - 1u;
  let r0 = min(row, last) * BLOCKS;
  let r1 = min(row + 1u, last) * BLOCKS;
  let r2 = min(row + 2u, last) * BLOCKS;
  let r3 = min(row + 3u, last) * BLOCKS;
  let r4 = min(row + 4u, last) * BLOCKS;
  let r5 = min(row + 5u, last) * BLOCKS;
  let r6 = min(row + 6u, last) * BLOCKS;
  let r7 = min(row + 7u, last) * BLOCKS;
  var sums: Sums;
  for (var b = 0u; b < BLOCKS; b++) {
    let w0 = dequantize32(r0 + b);
    let w1 = dequantize32(r1 + b);
    let w2 = dequantize32(r2 + b);
    let w3 = dequantize32(r3 + b);
    let w4 = dequantize32(r4 + b);
    let w5 = dequantize32(r5 + b);
    let w6 = dequantize32(r6 + b);
    let w7 = dequantize32(r7 + b);
    let at = 8u * b * TOKENS + token;
    accumulate(&sums, at, mat4x4f(w0.a[0], w1.a[0], w2.a[0], w3.a[0]), mat4x4f(w4.a[0], w5.a[0], w6.a[0], w7.a[0]));
    accumulate(&sums, at + TOKENS, mat4x4f(w0.a[1], w1.a[1], w2.a[1], w3.a[1]), mat4x4f(w4.a[1], w5.a[1], w6.a[1], w7.a[1]));
    accumulate(&sums, at + 2u * TOKENS, mat4x4f(w0.a[2], w1.a[2], w2.a[2], w3.a[2]), mat4x4f(w4.a[2], w5.a[2], w6.a[2], w7.a[2]));
    accumulate(&sums, at + 3u * TOKENS, mat4x4f(w0.a[3], w1.a[3], w2.a[3], w3.a[3]), mat4x4f(w4.a[3], w5.a[3], w6.a[3], w7.a[3]));
    accumulate(&sums, at + 4u * TOKENS, mat4x4f(w0.b[0], w1.b[0], w2.b[0], w3.b[0]), mat4x4f(w4.b[0], w5.b[0], w6.b[0], w7.b[0]));
    accumulate(&sums, at + 5u * TOKENS, mat4x4f(w0.b[1], w1.b[1], w2.b[1], w3.b[1]), mat4x4f(w4.b[1], w5.b[1], w6.b[1], w7.b[1]));
    accumulate(&sums, at + 6u * TOKENS, mat4x4f(w0.b[2], w1.b[2], w2.b[2], w3.b[2]), mat4x4f(w4.b[2], w5.b[2], w6.b[2], w7.b[2]));
    accumulate(&sums, at + 7u * TOKENS, mat4x4f(w0.b[3], w1.b[3], w2.b[3], w3.b[3]), mat4x4f(w4.b[3], w5.b[3], w6.b[3], w7.b[3]));
  }
  put(row, token, sums.top_a[0]);
  put(row, token + LANES, sums.top_a[1]);
  put(row, token + 2u * LANES, sums.top_a[2]);
  put(row, token + 3u * LANES, sums.top_a[3]);
  put(row, token + 4u * LANES, sums.top_b[0]);
  put(row, token + 5u * LANES, sums.top_b[1]);
  put(row, token + 6u * LANES, sums.top_b[2]);
  put(row, token + 7u * LANES, sums.top_b[3]);
  put(row + 4u, token, sums.bottom_a[0]);
  put(row + 4u, token + LANES, sums.bottom_a[1]);
  put(row + 4u, token + 2u * LANES, sums.bottom_a[2]);
  put(row + 4u, token + 3u * LANES, sums.bottom_a[3]);
  put(row + 4u, token + 4u * LANES, sums.bottom_b[0]);
  put(row + 4u, token + 5u * LANES, sums.bottom_b[1]);
  put(row + 4u, token + 6u * LANES, sums.bottom_b[2]);
  put(row + 4u, token + 7u * LANES, sums.bottom_b[3]);
}
