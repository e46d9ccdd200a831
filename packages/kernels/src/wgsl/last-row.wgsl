// The last token of a tile becomes the one token that the head reads: normed = stream·gain and its sum of squares.
override TOKENS: u32;
struct Norm { quads: u32, partials: u32 } // width / 4
struct State { token: u32, position: u32, count: u32, tokens: u32 }
@group(0) @binding(3) var<storage, read> state: State;
@group(0) @binding(4) var<storage, read> stream: array<vec4f>; // [quads][TOKENS]
@group(0) @binding(5) var<storage, read_write> partials: array<f32>; // [partials]
@group(0) @binding(6) var<storage, read> gain: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> normed: array<vec4f>; // [quads]
@group(0) @binding(11) var<uniform> norm: Norm;

@compute @workgroup_size(1)
fn main() {
  var sum = 0.0;
  for (var i = 0u; i < norm.quads; i++) {
    let v = stream[i * TOKENS + state.tokens - 1u];
    normed[i] = v * gain[i];
    sum += dot(v, v);
  }
  partials[0] = sum;
  for (var i = 1u; i < norm.partials; i++) { partials[i] = 0.0; }
}
