// One token attends to all before it. A workgroup takes a key head with the query heads that share it, four at a time (a component of a
// vec4f each), so that keys and values are read once for all four. Keys and values are stored as [kvHead][position][headDim / 4]
// of Four; those of the present token come straight from `qkv`. Online softmax over chunks of positions.
override LANES: u32;
override HEADS: u32;
override KV_HEADS: u32;
override HEAD_DIM: u32;
override ROPE_DIM: u32;
override NEOX: bool;
override NORMED: bool;
override SCALE: f32;
override EPSILON: f32;
override QUADS: u32 = HEAD_DIM / 4u;
override GROUP: u32 = HEADS / KV_HEADS;
const CHUNK = 128u;
struct Cache { positions: u32 } // that it holds
struct State { token: u32, position: u32, count: u32, tokens: u32 }
@group(0) @binding(3) var<storage, read> state: State;
@group(0) @binding(4) var<storage, read> qkv: array<f32>;
@group(0) @binding(5) var<storage, read> rope: array<vec2f>; // [position][ROPE_DIM/2] cosine, sine
@group(0) @binding(6) var<storage, read_write> keys: array<Four>;
@group(0) @binding(7) var<storage, read_write> values: array<Four>;
@group(0) @binding(8) var<storage, read_write> mixed: array<vec4f>; // [HEADS·QUADS]
@group(0) @binding(9) var<storage, read> gain_q: array<f32>;
@group(0) @binding(10) var<storage, read> gain_k: array<f32>;
@group(0) @binding(11) var<uniform> cache: Cache;
var<workgroup> q: array<mat4x4f, QUADS>; // a column for each head
var<workgroup> k: array<vec4f, QUADS>;
var<workgroup> out: array<mat4x4f, QUADS>;
var<workgroup> scores: array<vec4f, CHUNK>;
var<workgroup> partial: array<vec4f, LANES>;

fn norm_scale(base: u32) -> f32 {
  if (!NORMED) { return 1.0; }
  var sum = 0.0;
  for (var i = 0u; i < HEAD_DIM; i++) { sum += qkv[base + i] * qkv[base + i]; }
  return inverseSqrt(sum / f32(HEAD_DIM) + EPSILON);
}

// Element i of a head after its norm.
fn element(base: u32, i: u32, scale: f32, is_key: bool) -> f32 {
  let v = qkv[base + i];
  if (!NORMED) { return v; }
  if (is_key) { return v * scale * gain_k[i]; }
  return v * scale * gain_q[i];
}

// Four elements of a head after its norm and rotation.
fn rotated(base: u32, quad: u32, scale: f32, is_key: bool) -> vec4f {
  var r = vec4f();
  for (var j = 0u; j < 4u; j++) {
    let i = 4u * quad + j;
    r[j] = element(base, i, scale, is_key);
    if (i < ROPE_DIM) {
      // the dimension that rotates with i, and whether i is the second of the two
      let half = ROPE_DIM / 2u;
      let second = select((i & 1u) == 1u, i >= half, NEOX);
      let other = select(i ^ 1u, select(i + half, i - half, second), NEOX);
      let pair = select(i / 2u, select(i, i - half, second), NEOX);
      let angle = rope[state.position * half + pair];
      let o = element(base, other, scale, is_key);
      r[j] = r[j] * angle.x + select(-o, o, second) * angle.y;
    }
  }
  return r;
}


@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let kv = id.x;
  let position = state.position;
  let first = kv * cache.positions * QUADS;
  let key_base = (HEADS + kv) * HEAD_DIM;
  let value_base = (HEADS + KV_HEADS + kv) * HEAD_DIM;
  let key_scale = norm_scale(key_base);
  for (var quad = lane; quad < QUADS; quad += LANES) {
    let r = rotated(key_base, quad, key_scale, true);
    let base = value_base + 4u * quad;
    k[quad] = r;
    keys[first + position * QUADS + quad] = pack4(r);
    values[first + position * QUADS + quad] = pack4(vec4f(qkv[base], qkv[base + 1u], qkv[base + 2u], qkv[base + 3u]));
  }
  for (var batch = 0u; batch < GROUP; batch += 4u) {
    // heads beyond the last repeat it, and are not written
    let heads = kv * GROUP + min(batch + vec4u(0u, 1u, 2u, 3u), vec4u(GROUP - 1u));
    let base = heads * HEAD_DIM;
    let scale = vec4f(norm_scale(base.x), norm_scale(base.y), norm_scale(base.z), norm_scale(base.w));
    for (var quad = lane; quad < QUADS; quad += LANES) {
      q[quad] = SCALE * mat4x4f(
        rotated(base.x, quad, scale.x, false), rotated(base.y, quad, scale.y, false),
        rotated(base.z, quad, scale.z, false), rotated(base.w, quad, scale.w, false));
      let at = value_base + 4u * quad;
      let v = vec4f(qkv[at], qkv[at + 1u], qkv[at + 2u], qkv[at + 3u]);
      out[quad] = mat4x4f(v, v, v, v);
    }
    workgroupBarrier();
    // the present token opens the running softmax: weight 1 at its own score
    var highest = vec4f();
    for (var i = 0u; i < QUADS; i++) { highest += k[i] * q[i]; }
    var total = vec4f(1);
    for (var start = 0u; start < position; start += CHUNK) {
      let size = min(CHUNK, position - start);
      let chunk = first + start * QUADS;
      var top = vec4f(-3.0e38);
      // four positions of a lane at once share what they read of the queries; those beyond the chunk repeat its last
      for (var p = lane; p < size; p += 4u * LANES) {
        let at = chunk + min(vec4u(p, p + LANES, p + 2u * LANES, p + 3u * LANES), vec4u(size - 1u)) * QUADS;
        var s = mat4x4f();
        for (var i = 0u; i < QUADS; i++) {
          let queries = q[i];
          s += mat4x4f(
            unpack4(keys[at.x + i]) * queries, unpack4(keys[at.y + i]) * queries,
            unpack4(keys[at.z + i]) * queries, unpack4(keys[at.w + i]) * queries);
        }
        scores[p] = s[0];
        if (p + LANES < size) { scores[p + LANES] = s[1]; }
        if (p + 2u * LANES < size) { scores[p + 2u * LANES] = s[2]; }
        if (p + 3u * LANES < size) { scores[p + 3u * LANES] = s[3]; }
        top = max(max(top, max(s[0], s[1])), max(s[2], s[3]));
      }
      partial[lane] = top;
      workgroupBarrier();
      top = highest;
      for (var i = 0u; i < LANES; i++) { top = max(top, partial[i]); }
      let shrink = exp(highest - top);
      highest = top;
      workgroupBarrier();
      var sum = vec4f();
      for (var p = lane; p < size; p += LANES) {
        let weight = exp(scores[p] - top);
        scores[p] = weight;
        sum += weight;
      }
      partial[lane] = sum;
      workgroupBarrier();
      total *= shrink;
      for (var i = 0u; i < LANES; i++) { total += partial[i]; }
      for (var quad = lane; quad < QUADS; quad += LANES) {
        let before = out[quad];
        var acc = mat4x4f(before[0] * shrink.x, before[1] * shrink.y, before[2] * shrink.z, before[3] * shrink.w);
        var at = chunk + quad;
        for (var p = 0u; p < size; p++) {
          let v = unpack4(values[at]);
          let w = scores[p];
          acc += mat4x4f(v * w.x, v * w.y, v * w.z, v * w.w);
          at += QUADS;
        }
        out[quad] = acc;
      }
      workgroupBarrier();
    }
    for (var quad = lane; quad < QUADS; quad += LANES) {
      for (var h = 0u; h < min(4u, GROUP - batch); h++) {
        mixed[(kv * GROUP + batch + h) * QUADS + quad] = out[quad][h] / total[h];
      }
    }
    workgroupBarrier();
  }
}
