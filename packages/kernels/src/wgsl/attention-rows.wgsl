// A tile of tokens attends to the cache, which holds the tile's own keys and values already. Lanes are tokens, so keys and values
// are read once for all of them; a workgroup takes one query head. Online softmax, eight positions at a time.
override LANES: u32;
override TOKENS: u32;
override HEADS: u32;
override KV_HEADS: u32;
override HEAD_DIM: u32;
override SCALE: f32;
override QUADS: u32 = HEAD_DIM / 4u;
struct Cache { positions: u32 } // that it holds
struct State { token: u32, position: u32, count: u32, tokens: u32 }
@group(0) @binding(3) var<storage, read> state: State;
@group(0) @binding(4) var<storage, read> qkv: array<vec4f>; // [rows / 4][TOKENS], queries first
@group(0) @binding(5) var<storage, read> keys: array<Four>;
@group(0) @binding(6) var<storage, read> values: array<Four>;
@group(0) @binding(7) var<storage, read_write> mixed: array<vec4f>; // [HEADS·QUADS][TOKENS]
@group(0) @binding(11) var<uniform> cache: Cache;
struct Eight { a: vec4f, b: vec4f }

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = id.x * LANES;
  if (first >= state.tokens) { return; }
  let token = first + lane;
  let head = id.y;
  let base = head / (HEADS / KV_HEADS) * cache.positions * QUADS;
  let own = state.position + token; // the last position this lane may see
  let end = min(state.position + first + LANES, state.position + state.tokens); // of the workgroup
  let out = head * QUADS * TOKENS + token;
  var highest = -3.0e38;
  var total = 0.0;
  for (var start = 0u; start < end; start += 8u) {
    // scores of eight positions; those beyond `end` repeat the last and are masked
    let p = min(vec4u(start, start + 1u, start + 2u, start + 3u), vec4u(end - 1u)) * QUADS + base;
    let r = min(vec4u(start + 4u, start + 5u, start + 6u, start + 7u), vec4u(end - 1u)) * QUADS + base;
    var s = Eight();
    for (var i = 0u; i < QUADS; i++) {
      let q = qkv[(head * QUADS + i) * TOKENS + token];
      s.a += vec4f(dot(q, unpack4(keys[p.x + i])), dot(q, unpack4(keys[p.y + i])), dot(q, unpack4(keys[p.z + i])), dot(q, unpack4(keys[p.w + i])));
      s.b += vec4f(dot(q, unpack4(keys[r.x + i])), dot(q, unpack4(keys[r.y + i])), dot(q, unpack4(keys[r.z + i])), dot(q, unpack4(keys[r.w + i])));
    }
    let at = vec4u(start, start + 1u, start + 2u, start + 3u);
    s.a = select(vec4f(-3.0e38), s.a * SCALE, at <= vec4u(own));
    s.b = select(vec4f(-3.0e38), s.b * SCALE, at + 4u <= vec4u(own));
    let m = max(s.a, s.b);
    let top = max(highest, max(max(m.x, m.y), max(m.z, m.w)));
    let shrink = exp(highest - top);
    highest = top;
    let a = select(vec4f(), exp(s.a - top), at <= vec4u(own));
    let b = select(vec4f(), exp(s.b - top), at + 4u <= vec4u(own));
    total = total * shrink + dot(a + b, vec4f(1));
    for (var i = 0u; i < QUADS; i++) {
      var acc = a.x * unpack4(values[p.x + i]) + a.y * unpack4(values[p.y + i]) + a.z * unpack4(values[p.z + i]) + a.w * unpack4(values[p.w + i]);
      acc += b.x * unpack4(values[r.x + i]) + b.y * unpack4(values[r.y + i]) + b.z * unpack4(values[r.z + i]) + b.w * unpack4(values[r.w + i]);
      if (start > 0u) { acc += mixed[out + i * TOKENS] * shrink; }
      mixed[out + i * TOKENS] = acc;
    }
  }
  for (var i = 0u; i < QUADS; i++) { mixed[out + i * TOKENS] /= total; }
}
