// gelu(x) of a batch of tokens in place, by the tangent formula, quad-major. One lane a token and quad.
override LANES: u32;
override TOKENS: u32;
struct State { token: u32, position: u32, count: u32, tokens: u32 }
@group(0) @binding(3) var<storage, read> state: State;
@group(0) @binding(4) var<storage, read_write> x: array<vec4f>; // [quads][TOKENS]

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let token = id.x * LANES + lane;
  if (token >= state.tokens) { return; }
  let at = id.y * TOKENS + token;
  let v = x[at];
  // (1 + tanh(z)) / 2 = 1 / (1 + exp(−2z)), which overflows to what it should be
  x[at] = v / (1.0 + exp(-1.5957691216057308 * v * (1.0 + 0.044715 * v * v)));
}
