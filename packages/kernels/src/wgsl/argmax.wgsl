// Best of each stretch of logits, then the best of those: two dispatches of one kernel would need two inputs, so the second is
// `next-token.wgsl`. Equal logits: the lowest id wins.
override LANES: u32;
struct Vocabulary { size: u32, stretch: u32 } // in all, of one workgroup
@group(0) @binding(4) var<storage, read> logits: array<f32>;
@group(0) @binding(5) var<storage, read_write> best: array<vec2u>; // bits of the logit, id; one for each workgroup
@group(0) @binding(11) var<uniform> vocabulary: Vocabulary;
var<workgroup> values: array<f32, LANES>;
var<workgroup> ids: array<u32, LANES>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let end = min((group.x + 1u) * vocabulary.stretch, vocabulary.size);
  var value = -3.4e38;
  var id = 0xffffffffu;
  for (var i = group.x * vocabulary.stretch + lane; i < end; i += LANES) {
    let v = logits[i];
    if (v > value) {
      value = v;
      id = i;
    }
  }
  values[lane] = value;
  ids[lane] = id;
  workgroupBarrier();
  if (lane == 0u) {
    for (var i = 1u; i < LANES; i++) {
      if (values[i] > value || (values[i] == value && ids[i] < id)) {
        value = values[i];
        id = ids[i];
      }
    }
    best[group.x] = vec2u(bitcast<u32>(value), id);
  }
}
