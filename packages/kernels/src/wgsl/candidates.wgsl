// Tokens in the order in which a sampling chain takes them: the greatest logit first, of equal ones the lowest id. Those without a
// chance, −∞ and NaN, are no candidates, nor are those that a mask leaves out. The vocabulary is cut into stretches, each of which takes one id of every `stretches`.
override LANES: u32;
struct Vocabulary { size: u32, stretches: u32 } // stretches: a multiple of LANES
struct Chain {
  top_k: u32, top_p: f32, min_p: f32, temperature: f32, // min_p: its logarithm
  window: u32, repeat: f32, frequency: f32, presence: f32, // window 0: no penalties
  masked: u32, // whether the mask counts
  draws: array<f32>, // token n takes draw n mod the length
}
struct Candidate { logit: f32, id: u32 }
@group(0) @binding(4) var<storage, read> logits: array<f32>;
@group(0) @binding(5) var<storage, read_write> best: array<Candidate>; // [stretches], of what is left of each
@group(0) @binding(6) var<storage, read> chain: Chain;
@group(0) @binding(7) var<storage, read_write> counts: array<u32>; // [size], of each token in the window
@group(0) @binding(9) var<storage, read> mask: array<u32>; // bit id & 31 of word id / 32: the token may be chosen
@group(0) @binding(11) var<uniform> vocabulary: Vocabulary;

const NO_TOKEN = 0xffffffffu;
const NONE = Candidate(-3.4e38, NO_TOKEN);

fn before(a: Candidate, b: Candidate) -> bool {
  return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
}

// The logit of a token that may be chosen, as the penalties leave it.
fn chance(id: u32) -> f32 {
  if (chain.masked > 0u && ((mask[id / 32u] >> (id % 32u)) & 1u) == 0u) { return NONE.logit; }
  let logit = logits[id];
  if (chain.window == 0u) { return logit; }
  let count = counts[id];
  if (count == 0u) { return logit; }
  let repeated = select(logit / chain.repeat, logit * chain.repeat, logit <= 0.0);
  return repeated - (f32(count) * chain.frequency + chain.presence);
}
