// Queries and keys of a tile are normed and rotated in place; keys and values then go into the cache,
// [kvHead][position][headDim / 4] of Four. One lane a token; a workgroup's second dimension is the head: queries, keys, values.
struct Cache { positions: u32 } // that it holds
@group(0) @binding(6) var<storage, read_write> keys: array<Four>;
@group(0) @binding(7) var<storage, read_write> values: array<Four>;
@group(0) @binding(11) var<uniform> cache: Cache;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let token = id.x * LANES + lane;
  let head = id.y;
  if (token >= state.tokens) { return; }
  let position = state.position + token;
  let base = head * QUADS * TOKENS + token;
  if (head >= HEADS + KV_HEADS) {
    let at = ((head - HEADS - KV_HEADS) * cache.positions + position) * QUADS;
    for (var i = 0u; i < QUADS; i++) { values[at + i] = pack4(qkv[base + i * TOKENS]); }
    return;
  }
  rotate_head(head, token, position);
  if (head >= HEADS) {
    let at = ((head - HEADS) * cache.positions + position) * QUADS;
    for (var i = 0u; i < QUADS; i++) { keys[at + i] = pack4(qkv[base + i * TOKENS]); }
  }
}
