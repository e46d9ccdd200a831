// Takes the next token from the best candidates: writes it where the host reads it and where the next decode step finds it, and into
// the window of the penalties. One workgroup: a tournament in which the stretch of the winner sends its next best.
const MOST = 128u; // candidates
struct State { token: u32, position: u32, count: u32, tokens: u32 }
@group(0) @binding(3) var<storage, read_write> state: State;
@group(0) @binding(8) var<storage, read_write> window: array<u32>; // token n takes the place of the oldest, n mod chain.window
var<workgroup> rivals: array<Candidate, LANES>;
var<workgroup> top: array<Candidate, MOST>; // descending

// The best of the stretches of a lane.
fn best_of_lane(lane: u32) -> Candidate {
  var found = NONE;
  for (var i = lane; i < vocabulary.stretches; i += LANES) {
    if (before(best[i], found)) { found = best[i]; }
  }
  return found;
}

// The next after `last` among a lane's share of its stretch.
fn next_of_lane(last: Candidate, lane: u32) -> Candidate {
  var found = NONE;
  let step = vocabulary.stretches;
  for (var id = last.id % step + lane * step; id < vocabulary.size; id += LANES * step) {
    let logit = chance(id);
    if (logit > found.logit && before(last, Candidate(logit, id))) { found = Candidate(logit, id); }
  }
  return found;
}

fn best_of_all(lane: u32, each: Candidate) -> Candidate {
  rivals[lane] = each;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half && before(rivals[lane + half], rivals[lane])) { rivals[lane] = rivals[lane + half]; }
    workgroupBarrier();
  }
  let found = rivals[0];
  workgroupBarrier();
  return found;
}

// How probable the i-th is, the best being 1.
fn weight(i: u32, temperature: f32) -> f32 { return exp((top[i].logit - top[0].logit) / temperature); }

// How many of the first `count` it takes until their weights are a share of all of theirs.
fn reach(count: u32, temperature: f32, share: f32) -> u32 {
  var total = 0.0;
  for (var i = 0u; i < count; i++) { total += weight(i, temperature); }
  var sum = 0.0;
  for (var i = 0u; i + 1u < count; i++) {
    sum += weight(i, temperature);
    if (sum >= share * total) { return i + 1u; }
  }
  return count;
}

fn draw(top_k: u32) -> u32 {
  var count = top_k;
  if (chain.top_p < 1.0) { count = reach(count, 1.0, chain.top_p); }
  while (count > 1u && top[count - 1u].logit - top[0].logit < chain.min_p) { count--; }
  return top[reach(count, chain.temperature, chain.draws[state.count % arrayLength(&chain.draws)]) - 1u].id;
}

fn accept(token: u32) {
  if (chain.window > 0u) {
    let place = state.count % chain.window;
    let gone = window[place];
    if (gone != NO_TOKEN) { counts[gone] -= 1u; }
    if (token != NO_TOKEN) { counts[token] += 1u; }
    window[place] = token;
  }
  state.token = token;
  state.position += 1u;
  state.count += 1u;
}

@compute @workgroup_size(LANES)
fn main(@builtin(local_invocation_index) lane: u32) {
  let top_k = min(min(chain.top_k, MOST), vocabulary.size);
  var mine = best_of_lane(lane);
  for (var i = 0u; i < top_k; i++) {
    let winner = best_of_all(lane, mine);
    if (lane == 0u) { top[i] = winner; }
    if (i + 1u == top_k) { break; }
    let next = best_of_all(lane, next_of_lane(winner, lane));
    let stretch = winner.id % vocabulary.stretches;
    if (lane == stretch % LANES) {
      best[stretch] = next;
      mine = best_of_lane(lane);
    }
  }
  if (lane > 0u) { return; }
  // one NaN in the last norm makes every logit NaN; asked of the bits, since a compiler may take it that no float is NaN
  let is_number = (bitcast<u32>(logits[0]) & 0x7fffffffu) <= 0x7f800000u;
  var token = NO_TOKEN;
  if (is_number) { token = draw(top_k); }
  accept(token);
}
