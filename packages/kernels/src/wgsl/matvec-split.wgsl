// y = W·x for one token where lanes are many and barriers cheap (GPUs): SPLIT lanes share four rows, each takes every SPLIT-th
// block of 32 weights, and their sums meet in workgroup memory.
override LANES: u32; // a power of two, at least SPLIT
override SPLIT: u32; // a power of two
struct Matrix { blocks: u32, rows: u32, row_start: u32, bias: u32, groups: u32, group_start: u32, partials: u32, width: f32, epsilon: f32 }
@group(0) @binding(4) var<storage, read> x: array<vec4f>; // [8·blocks]
@group(0) @binding(11) var<uniform> matrix: Matrix;
var<workgroup> sums: array<vec4f, LANES>;
var<workgroup> squares: array<f32, LANES>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = id.y * count.x + id.x;
  let first = (group * (LANES / SPLIT) + lane / SPLIT) * ROWS_AT_ONCE;
  let row = vec4u(weight_row(first, 0u), weight_row(first, 1u), weight_row(first, 2u), weight_row(first, 3u)) * matrix.blocks;
  var acc = vec4f();
  for (var b = lane % SPLIT; b < matrix.blocks; b += SPLIT) {
    let v = load_x(8u * b);
    acc += vec4f(dot32(row.x + b, v), dot32(row.y + b, v), dot32(row.z + b, v), dot32(row.w + b, v));
  }
  sums[lane] = acc;
  squares[lane] = input_squares(lane, LANES);
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (half < SPLIT && lane % SPLIT < half) { sums[lane] += sums[lane + half]; }
    if (lane < half) { squares[lane] += squares[lane + half]; }
    workgroupBarrier();
  }
  let scale = input_scale(squares[0]);
  workgroupBarrier();
  squares[lane] = 0.0;
  if (lane % SPLIT == 0u) { squares[lane] = finish(first, sums[lane], scale); }
  workgroupBarrier();
  if (lane == 0u) {
    var sum = 0.0;
    for (var i = 0u; i < LANES; i += SPLIT) { sum += squares[i]; }
    finish_group(group, sum);
  }
}
