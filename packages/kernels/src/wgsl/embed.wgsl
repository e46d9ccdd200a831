// Row `token` of the embedding table into the residual stream of one token; one lane a block of 32.
// A table of several parts takes one dispatch a part: only the part that holds the row writes.
struct Table { blocks: u32, rows: u32, row_start: u32, partials: u32 }
struct State { token: u32, position: u32, count: u32, tokens: u32 }
@group(0) @binding(3) var<storage, read> state: State;
@group(0) @binding(4) var<storage, read> x: array<vec4f>; // unused here, named by load_x
@group(0) @binding(5) var<storage, read_write> partials: array<f32>; // [part.partials]
@group(0) @binding(6) var<storage, read> gain: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> stream: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> normed: array<vec4f>;
@group(0) @binding(11) var<uniform> part: Table;

@compute @workgroup_size(4)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = state.token - part.row_start;
  if (id.x >= part.partials || row >= part.rows) { return; }
  if (id.x >= part.blocks) {
    partials[id.x] = 0.0;
    return;
  }
  let block = load_block(row * part.blocks + id.x);
  var sum = 0.0;
  for (var i = 0u; i < 8u; i++) {
    let v = quad_of(block, i);
    let at = 8u * id.x + i;
    stream[at] = v;
    normed[at] = v * gain[at];
    sum += dot(v, v);
  }
  partials[id.x] = sum;
}
