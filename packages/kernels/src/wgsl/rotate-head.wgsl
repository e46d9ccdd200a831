// A query or key head of a token is normed (Qwen 3) and rotated in place, quad-major.
override LANES: u32;
override TOKENS: u32;
override HEADS: u32;
override KV_HEADS: u32;
override HEAD_DIM: u32;
override ROPE_DIM: u32;
override NEOX: bool;
override NORMED: bool;
override EPSILON: f32;
override QUADS: u32 = HEAD_DIM / 4u;
struct State { token: u32, position: u32, count: u32, tokens: u32 }
@group(0) @binding(3) var<storage, read> state: State;
@group(0) @binding(4) var<storage, read_write> qkv: array<vec4f>; // [rows / 4][TOKENS]
@group(0) @binding(5) var<storage, read> rope: array<vec2f>; // [position][ROPE_DIM/2] cosine, sine
@group(0) @binding(8) var<storage, read> gain_q: array<vec4f>;
@group(0) @binding(9) var<storage, read> gain_k: array<vec4f>;

fn rotate_head(head: u32, token: u32, position: u32) {
  let base = head * QUADS * TOKENS + token;
  if (NORMED) {
    var sum = 0.0;
    for (var i = 0u; i < QUADS; i++) {
      let v = qkv[base + i * TOKENS];
      sum += dot(v, v);
    }
    let scale = inverseSqrt(sum / f32(HEAD_DIM) + EPSILON);
    for (var i = 0u; i < QUADS; i++) {
      if (head < HEADS) {
        qkv[base + i * TOKENS] *= gain_q[i] * scale;
      } else {
        qkv[base + i * TOKENS] *= gain_k[i] * scale;
      }
    }
  }
  for (var pair = 0u; pair < ROPE_DIM / 2u; pair++) {
    let i = select(2u * pair, pair, NEOX);
    let j = select(i + 1u, i + ROPE_DIM / 2u, NEOX);
    let angle = rope[position * (ROPE_DIM / 2u) + pair];
    let a = qkv[base + i / 4u * TOKENS][i % 4u];
    let b = qkv[base + j / 4u * TOKENS][j % 4u];
    qkv[base + i / 4u * TOKENS][i % 4u] = a * angle.x - b * angle.y;
    qkv[base + j / 4u * TOKENS][j % 4u] = b * angle.x + a * angle.y;
  }
}
