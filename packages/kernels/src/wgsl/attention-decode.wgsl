// One token attends to all before it: a workgroup for every query head. Keys and values are stored as
// [kvHead][position][headDim / 4] of Four; those of the present token come straight from `qkv`. Online softmax over chunks of positions.
override LANES: u32;
override HEADS: u32;
override KV_HEADS: u32;
override HEAD_DIM: u32;
override ROPE_DIM: u32;
override NEOX: bool;
override NORMED: bool;
override SCALE: f32;
override EPSILON: f32;
const CHUNK = 128u;
struct Cache { positions: u32 } // that it holds
struct State { token: u32, position: u32, count: u32, tokens: u32 }
@group(0) @binding(3) var<storage, read> state: State;
@group(0) @binding(4) var<storage, read> qkv: array<f32>;
@group(0) @binding(5) var<storage, read> rope: array<vec2f>; // [position][ROPE_DIM/2] cosine, sine
@group(0) @binding(6) var<storage, read_write> keys: array<Four>;
@group(0) @binding(7) var<storage, read_write> values: array<Four>;
@group(0) @binding(8) var<storage, read_write> mixed: array<vec4f>; // [HEADS·HEAD_DIM/4]
@group(0) @binding(9) var<storage, read> gain_q: array<f32>;
@group(0) @binding(10) var<storage, read> gain_k: array<f32>;
@group(0) @binding(11) var<uniform> cache: Cache;
var<workgroup> q: array<vec4f, HEAD_DIM / 4>;
var<workgroup> k: array<vec4f, HEAD_DIM / 4>;
var<workgroup> out: array<vec4f, HEAD_DIM / 4>;
var<workgroup> scores: array<f32, CHUNK>;
var<workgroup> partial: array<f32, LANES>;

fn norm_scale(base: u32) -> f32 {
  if (!NORMED) { return 1.0; }
  var sum = 0.0;
  for (var i = 0u; i < HEAD_DIM; i++) { sum += qkv[base + i] * qkv[base + i]; }
  return inverseSqrt(sum / f32(HEAD_DIM) + EPSILON);
}
fn query(base: u32, i: u32, scale: f32) -> f32 {
  if (NORMED) { return qkv[base + i] * scale * gain_q[i]; }
  return qkv[base + i];
}
fn key(base: u32, i: u32, scale: f32) -> f32 {
  if (NORMED) { return qkv[base + i] * scale * gain_k[i]; }
  return qkv[base + i];
}
// The dimension that rotates with i, which of the two i is, and the pair's number.
fn partner(i: u32) -> vec3u {
  if (NEOX) {
    let half = ROPE_DIM / 2u;
    if (i < half) { return vec3u(i + half, 0u, i); }
    return vec3u(i - half, 1u, i - half);
  }
  return vec3u(i ^ 1u, i & 1u, i / 2u);
}
fn rotated(value: f32, other: f32, second: u32, angle: vec2f) -> f32 {
  return value * angle.x + select(-other, other, second == 1u) * angle.y;
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let head = id.x;
  let group = HEADS / KV_HEADS;
  let kv = head / group;
  let position = state.position;
  let query_base = head * HEAD_DIM;
  let key_base = (HEADS + kv) * HEAD_DIM;
  let value_base = (HEADS + KV_HEADS + kv) * HEAD_DIM;
  let query_scale = norm_scale(query_base);
  let key_scale = norm_scale(key_base);
  for (var quad = lane; quad < HEAD_DIM / 4u; quad += LANES) {
    var rq = vec4f();
    var rk = vec4f();
    for (var j = 0u; j < 4u; j++) {
      let i = 4u * quad + j;
      rq[j] = query(query_base, i, query_scale);
      rk[j] = key(key_base, i, key_scale);
      if (i < ROPE_DIM) {
        let p = partner(i);
        let angle = rope[position * (ROPE_DIM / 2u) + p.z];
        rq[j] = rotated(rq[j], query(query_base, p.x, query_scale), p.y, angle);
        rk[j] = rotated(rk[j], key(key_base, p.x, key_scale), p.y, angle);
      }
    }
    q[quad] = rq * SCALE;
    k[quad] = rk;
    let base = value_base + 4u * quad;
    let v = vec4f(qkv[base], qkv[base + 1u], qkv[base + 2u], qkv[base + 3u]);
    out[quad] = v;
    if (head % group == 0u) {
      let at = (kv * cache.positions + position) * (HEAD_DIM / 4u) + quad;
      keys[at] = pack4(rk);
      values[at] = pack4(v);
    }
  }
  workgroupBarrier();
  // the present token opens the running softmax: weight 1 at its own score
  var highest = 0.0;
  for (var i = 0u; i < HEAD_DIM / 4u; i++) { highest += dot(q[i], k[i]); }
  var total = 1.0;
  for (var start = 0u; start < position; start += CHUNK) {
    let size = min(CHUNK, position - start);
    var top = -3.0e38;
    for (var p = lane; p < size; p += LANES) {
      let at = (kv * cache.positions + start + p) * (HEAD_DIM / 4u);
      var score = 0.0;
      for (var i = 0u; i < HEAD_DIM / 4u; i++) { score += dot(q[i], unpack4(keys[at + i])); }
      scores[p] = score;
      top = max(top, score);
    }
    partial[lane] = top;
    workgroupBarrier();
    top = highest;
    for (var i = 0u; i < LANES; i++) { top = max(top, partial[i]); }
    let shrink = exp(highest - top);
    highest = top;
    workgroupBarrier();
    var sum = 0.0;
    for (var p = lane; p < size; p += LANES) {
      let weight = exp(scores[p] - top);
      scores[p] = weight;
      sum += weight;
    }
    partial[lane] = sum;
    workgroupBarrier();
    total *= shrink;
    for (var i = 0u; i < LANES; i++) { total += partial[i]; }
    for (var quad = lane; quad < HEAD_DIM / 4u; quad += LANES) {
      var acc = out[quad] * shrink;
      var at = (kv * cache.positions + start) * (HEAD_DIM / 4u) + quad;
      for (var p = 0u; p < size; p++) {
        acc += scores[p] * unpack4(values[at]);
        at += HEAD_DIM / 4u;
      }
      out[quad] = acc;
    }
    workgroupBarrier();
  }
  for (var quad = lane; quad < HEAD_DIM / 4u; quad += LANES) { mixed[head * (HEAD_DIM / 4u) + quad] = out[quad] / total; }
}
