// Queries and keys of whole texts are normed and rotated in place, by their places in their texts. One lane a token; a workgroup's
// second dimension is the head: queries, then keys.
@group(0) @binding(6) var<storage, read> ranges: array<vec2u>; // [TOKENS] first token of the text, the one after the last that is seen

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let token = id.x * LANES + lane;
  if (token >= state.tokens) { return; }
  rotate_head(id.y, token, token - ranges[token].x);
}
