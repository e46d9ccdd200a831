// Queries and keys of a tile are normed (Qwen 3) and rotated, queries in place; keys and values go into the cache as pairs of
// halves, [kvHead][position][headDim]. One lane a token; a workgroup's second dimension is the head: queries, keys, values.
override LANES: u32;
override TOKENS: u32;
override HEADS: u32;
override KV_HEADS: u32;
override HEAD_DIM: u32;
override ROPE_DIM: u32;
override CONTEXT: u32;
override NEOX: bool;
override NORMED: bool;
override EPSILON: f32;
struct State { token: u32, position: u32, count: u32, tokens: u32 }
@group(0) @binding(3) var<storage, read> state: State;
@group(0) @binding(4) var<storage, read_write> qkv: array<vec4f>; // [rows / 4][TOKENS]
@group(0) @binding(5) var<storage, read> rope: array<vec2f>; // [position][ROPE_DIM/2] cosine, sine
@group(0) @binding(6) var<storage, read_write> keys: array<vec2u>;
@group(0) @binding(7) var<storage, read_write> values: array<vec2u>;
@group(0) @binding(8) var<storage, read> gain_q: array<vec4f>;
@group(0) @binding(9) var<storage, read> gain_k: array<vec4f>;
override QUADS: u32 = HEAD_DIM / 4u;

fn pack(v: vec4f) -> vec2u { return vec2u(pack2x16float(v.xy), pack2x16float(v.zw)); }

fn gain(head: u32, quad: u32, scale: f32) -> vec4f {
  if (!NORMED) { return vec4f(1); }
  if (head < HEADS) { return gain_q[quad] * scale; }
  return gain_k[quad] * scale;
}

fn angle(position: u32, pair: u32) -> vec2f {
  if (pair >= ROPE_DIM / 2u) { return vec2f(1, 0); }
  return rope[position * (ROPE_DIM / 2u) + pair];
}

// Element i of a head after its norm; used where a pair lies in two quads.
fn element(base: u32, token: u32, head: u32, i: u32, scale: f32) -> f32 {
  return (qkv[(base + i / 4u) * TOKENS + token] * gain(head, i / 4u, scale))[i % 4u];
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let token = id.x * LANES + lane;
  let head = id.y;
  if (token >= state.tokens) { return; }
  let position = state.position + token;
  let base = head * QUADS;
  if (head >= HEADS + KV_HEADS) {
    let at = ((head - HEADS - KV_HEADS) * CONTEXT + position) * QUADS;
    for (var i = 0u; i < QUADS; i++) { values[at + i] = pack(qkv[(base + i) * TOKENS + token]); }
    return;
  }
  var scale = 1.0;
  if (NORMED) {
    var sum = 0.0;
    for (var i = 0u; i < QUADS; i++) {
      let v = qkv[(base + i) * TOKENS + token];
      sum += dot(v, v);
    }
    scale = inverseSqrt(sum / f32(HEAD_DIM) + EPSILON);
  }
  var rotated: array<vec4f, 256>; // headDim ≤ 1024
  let half = ROPE_DIM / 2u;
  for (var quad = 0u; quad < QUADS; quad++) {
    let v = qkv[(base + quad) * TOKENS + token] * gain(head, quad, scale);
    if (NEOX) {
      var r = v;
      for (var j = 0u; j < 4u; j++) {
        let i = 4u * quad + j;
        if (i < half) {
          let a = angle(position, i);
          r[j] = v[j] * a.x - element(base, token, head, i + half, scale) * a.y;
        } else if (i < ROPE_DIM) {
          let a = angle(position, i - half);
          r[j] = v[j] * a.x + element(base, token, head, i - half, scale) * a.y;
        }
      }
      rotated[quad] = r;
    } else {
      let a = angle(position, 2u * quad);
      let b = angle(position, 2u * quad + 1u);
      rotated[quad] = vec4f(v.x * a.x - v.y * a.y, v.y * a.x + v.x * a.y, v.z * b.x - v.w * b.y, v.w * b.x + v.z * b.y);
    }
  }
  for (var quad = 0u; quad < QUADS; quad++) {
    if (head < HEADS) {
      qkv[(base + quad) * TOKENS + token] = rotated[quad];
    } else {
      keys[((head - HEADS) * CONTEXT + position) * QUADS + quad] = pack(rotated[quad]);
    }
  }
}
