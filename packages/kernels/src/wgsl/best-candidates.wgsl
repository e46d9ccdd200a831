// The best candidate of every stretch; one lane a stretch.
@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) stretch: vec3u) {
  var found = NONE;
  for (var id = stretch.x; id < vocabulary.size; id += vocabulary.stretches) {
    let logit = chance(id);
    if (logit > found.logit) { found = Candidate(logit, id); }
  }
  best[stretch.x] = found;
}
