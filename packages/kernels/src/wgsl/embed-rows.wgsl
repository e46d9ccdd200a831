// Rows of a table for a tile of tokens → stream [width / 4][TOKENS], or added to it. One lane a token and block of 32.
// A table of several parts takes one dispatch a part: only the part that holds a token's row writes it.
override LANES: u32;
override TOKENS: u32;
struct Table { blocks: u32, rows: u32, row_start: u32, add: u32 }
struct State { token: u32, position: u32, count: u32, tokens: u32 }
@group(0) @binding(3) var<storage, read> state: State;
@group(0) @binding(4) var<storage, read> x: array<vec4f>; // unused here, named by load_x
@group(0) @binding(5) var<storage, read> ids: array<u32>; // [TOKENS] rows
@group(0) @binding(7) var<storage, read_write> stream: array<vec4f>;
@group(0) @binding(11) var<uniform> part: Table;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let token = id.y * LANES + lane;
  if (token >= state.tokens) { return; }
  let row = ids[token] - part.row_start;
  if (row >= part.rows) { return; }
  let block = load_block(row * part.blocks + id.x);
  for (var i = 0u; i < 8u; i++) {
    let at = (8u * id.x + i) * TOKENS + token;
    stream[at] = select(quad_of(block, i), stream[at] + quad_of(block, i), part.add != 0u);
  }
}
