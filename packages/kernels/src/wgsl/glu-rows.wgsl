// hidden = silu(gate)·up for a tile of tokens, all quad-major. One lane a token and quad. A weight of several parts takes one
// dispatch a part: each has its rows of gate, then the same rows of up.
override LANES: u32;
override TOKENS: u32;
struct Part { quads: u32, start: u32 } // of hidden: in this part, in the parts before
struct State { token: u32, position: u32, count: u32, tokens: u32 }
@group(0) @binding(3) var<storage, read> state: State;
@group(0) @binding(4) var<storage, read> gate_up: array<vec4f>; // [all quads of both][TOKENS]
@group(0) @binding(5) var<storage, read_write> hidden: array<vec4f>; // [all quads][TOKENS]
@group(0) @binding(11) var<uniform> part: Part;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let token = id.x * LANES + lane;
  if (token >= state.tokens) { return; }
  let at = 2u * part.start + id.y;
  let gate = gate_up[at * TOKENS + token];
  hidden[(part.start + id.y) * TOKENS + token] = gate / (1.0 + exp(-gate)) * gate_up[(at + part.quads) * TOKENS + token];
}
