// Takes the best of `best` as the next token: writes it where the host reads it and where the next decode step finds it.
override GROUPS: u32;
struct State { token: u32, position: u32, count: u32, tokens: u32 }
@group(0) @binding(3) var<storage, read_write> state: State;
@group(0) @binding(4) var<storage, read> best: array<vec2u>; // [GROUPS]

@compute @workgroup_size(1)
fn main() {
  var value = bitcast<f32>(best[0].x);
  var id = best[0].y;
  for (var i = 1u; i < GROUPS; i++) {
    let v = bitcast<f32>(best[i].x);
    if (v > value) {
      value = v;
      id = best[i].y;
    }
  }
  state.token = id;
  state.position += 1u;
  state.count += 1u;
}
