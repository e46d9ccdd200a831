// The mean of some tokens of every text, quad-major → [text][quads]. One lane a quad; a workgroup's second dimension is the text.
override LANES: u32;
override TOKENS: u32;
struct Pool { quads: u32 } // width / 4
struct State { token: u32, position: u32, count: u32, tokens: u32 } // count: texts of the batch
@group(0) @binding(3) var<storage, read> state: State;
@group(0) @binding(4) var<storage, read> x: array<vec4f>; // [quads][TOKENS]
@group(0) @binding(5) var<storage, read> pooled: array<vec2u>; // [text] first token, the one after the last
@group(0) @binding(7) var<storage, read_write> vectors: array<vec4f>; // [text][quads]
@group(0) @binding(11) var<uniform> pool: Pool;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let quad = id.x * LANES + lane;
  if (quad >= pool.quads || id.y >= state.count) { return; }
  let range = pooled[id.y];
  var sum = vec4f();
  for (var token = range.x; token < range.y; token++) { sum += x[quad * TOKENS + token]; }
  vectors[id.y * pool.quads + quad] = sum / f32(range.y - range.x);
}
