// y = W·x for one token where a lane is a CPU's SIMD lane: every lane takes four rows by itself, no barrier on the way.
// The input is a uniform block: lavapipe reads that once for all lanes, and storage once for each of them. It holds UNIFORM_COLS of
// matvec.ts. weights: [rows, 32·blocks]; `weight_row`, `input_squares`, `input_scale`, `finish` and
// `finish_group` come with the epilogue.
override LANES: u32;
struct Matrix { blocks: u32, rows: u32, row_start: u32, bias: u32, groups: u32, group_start: u32, partials: u32, width: f32, epsilon: f32 }
@group(0) @binding(4) var<uniform> x: array<vec4f, 4096>; // [8·blocks]
@group(0) @binding(11) var<uniform> matrix: Matrix;
var<workgroup> squares: array<f32, LANES>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = id.y * count.x + id.x;
  let first = (group * LANES + lane) * ROWS_AT_ONCE;
  let row = vec4u(weight_row(first, 0u), weight_row(first, 1u), weight_row(first, 2u), weight_row(first, 3u)) * matrix.blocks;
  var acc = vec4f();
  for (var b = 0u; b < matrix.blocks; b++) {
    let v = load_x(8u * b);
    acc += vec4f(dot32(row.x + b, v), dot32(row.y + b, v), dot32(row.z + b, v), dot32(row.w + b, v));
  }
  squares[lane] = finish(first, acc, input_scale(input_squares(0u, 1u)));
  workgroupBarrier();
  if (lane == 0u) {
    var sum = 0.0;
    for (var i = 0u; i < LANES; i++) { sum += squares[i]; }
    finish_group(group, sum);
  }
}
