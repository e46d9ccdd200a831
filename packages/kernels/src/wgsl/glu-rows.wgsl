// hidden = silu(gate)·up for a tile of tokens, all quad-major. One lane a token and quad.
override LANES: u32;
override TOKENS: u32;
override QUADS: u32; // of hidden
struct State { token: u32, position: u32, count: u32, tokens: u32 }
@group(0) @binding(3) var<storage, read> state: State;
@group(0) @binding(4) var<storage, read> gate_up: array<vec4f>; // [2·QUADS][TOKENS]
@group(0) @binding(5) var<storage, read_write> hidden: array<vec4f>; // [QUADS][TOKENS]

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let token = id.x * LANES + lane;
  if (token >= state.tokens) { return; }
  let gate = gate_up[id.y * TOKENS + token];
  hidden[id.y * TOKENS + token] = gate / (1.0 + exp(-gate)) * gate_up[(QUADS + id.y) * TOKENS + token];
}
