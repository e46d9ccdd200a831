// Layer norm of every token of a batch, in place: (x − mean) / deviation · gain + bias, quad-major. One lane a token.
override LANES: u32;
override TOKENS: u32;
struct Norm { quads: u32, epsilon: f32 } // width / 4
struct State { token: u32, position: u32, count: u32, tokens: u32 }
@group(0) @binding(3) var<storage, read> state: State;
@group(0) @binding(4) var<storage, read_write> x: array<vec4f>; // [quads][TOKENS]
@group(0) @binding(5) var<storage, read> gain: array<vec4f>; // [quads]
@group(0) @binding(6) var<storage, read> bias: array<vec4f>; // [quads]
@group(0) @binding(11) var<uniform> norm: Norm;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let token = id.x * LANES + lane;
  if (token >= state.tokens) { return; }
  let width = f32(4u * norm.quads);
  var sum = vec4f();
  for (var i = 0u; i < norm.quads; i++) { sum += x[i * TOKENS + token]; }
  let mean = dot(sum, vec4f(1)) / width;
  var squares = 0.0;
  for (var i = 0u; i < norm.quads; i++) {
    let v = x[i * TOKENS + token] - mean;
    squares += dot(v, v);
  }
  let scale = inverseSqrt(squares / width + norm.epsilon);
  for (var i = 0u; i < norm.quads; i++) {
    let at = i * TOKENS + token;
    x[at] = (x[at] - mean) * scale * gain[i] + bias[i];
  }
}
