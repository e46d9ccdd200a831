// Every token attends to a range of tokens of the same batch: its whole text, or what comes before it. Lanes are tokens; a workgroup
// takes one query head. Keys and values are read where the projection left them. Online softmax, four tokens at a time. The width of a
// head is a uniform, so that its loops stay loops: unrolled, compilers take half a minute.
override LANES: u32;
override TOKENS: u32;
override HEADS: u32;
override KV_HEADS: u32;
override SCALE: f32;
struct Head { quads: u32 } // its width / 4
struct State { token: u32, position: u32, count: u32, tokens: u32 }
@group(0) @binding(3) var<storage, read> state: State;
@group(0) @binding(4) var<storage, read> qkv: array<vec4f>; // [rows / 4][TOKENS], queries, keys, values
@group(0) @binding(5) var<storage, read> ranges: array<vec2u>; // [TOKENS] first token that is seen, the one after the last
@group(0) @binding(7) var<storage, read_write> mixed: array<vec4f>; // [HEADS·quads][TOKENS]
@group(0) @binding(11) var<uniform> width: Head;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let token = id.x * LANES + lane;
  if (token >= state.tokens) { return; }
  let quads = width.quads;
  let query = id.y * quads * TOKENS + token;
  let keys = (HEADS + id.y / (HEADS / KV_HEADS)) * quads * TOKENS;
  let values = keys + KV_HEADS * quads * TOKENS;
  let range = ranges[token];
  var highest = -3.0e38;
  var total = 0.0;
  for (var start = range.x; start < range.y; start += 4u) {
    // those beyond the range repeat its last and are masked
    let four = vec4u(start, start + 1u, start + 2u, start + 3u);
    let at = min(four, vec4u(range.y - 1u));
    var s = vec4f();
    for (var i = 0u; i < quads; i++) {
      let q = qkv[query + i * TOKENS];
      let k = keys + i * TOKENS;
      s += vec4f(dot(q, qkv[k + at.x]), dot(q, qkv[k + at.y]), dot(q, qkv[k + at.z]), dot(q, qkv[k + at.w]));
    }
    s = select(vec4f(-3.0e38), s * SCALE, four < vec4u(range.y));
    let top = max(highest, max(max(s.x, s.y), max(s.z, s.w)));
    let shrink = exp(highest - top);
    highest = top;
    let w = select(vec4f(), exp(s - top), four < vec4u(range.y));
    total = total * shrink + dot(w, vec4f(1));
    for (var i = 0u; i < quads; i++) {
      let v = values + i * TOKENS;
      var acc = w.x * qkv[v + at.x] + w.y * qkv[v + at.y] + w.z * qkv[v + at.z] + w.w * qkv[v + at.w];
      if (start > range.x) { acc += mixed[query + i * TOKENS] * shrink; }
      mixed[query + i * TOKENS] = acc;
    }
  }
  for (var i = 0u; i < quads; i++) { mixed[query + i * TOKENS] /= total; }
}
