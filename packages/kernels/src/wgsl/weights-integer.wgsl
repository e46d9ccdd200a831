// Groups of 32 weights of integer types, as the type's own load32 gives them: bytes with two scales and one offset.
struct W32 { lo: vec4u, hi: vec4u, scale: vec2f, offset: f32 }
alias Block = W32;
// 32 activations times UNIT, and their sum.
struct X32 { a: mat4x4f, b: mat4x4f, sum: f32 }

fn load_block(i: u32) -> Block { return load32(i); }
// Four weights of a block.
fn quad_of(w: Block, i: u32) -> vec4f {
  let high = i >= 4u;
  return digits(select(w.lo, w.hi, high)[i & 3u]) * (select(w.scale.x, w.scale.y, high) * UNIT) + w.offset;
}

fn load_x(at: u32) -> X32 {
  let a = mat4x4f(x[at], x[at + 1u], x[at + 2u], x[at + 3u]);
  let b = mat4x4f(x[at + 4u], x[at + 5u], x[at + 6u], x[at + 7u]);
  return X32(
    mat4x4f(a[0] * UNIT, a[1] * UNIT, a[2] * UNIT, a[3] * UNIT),
    mat4x4f(b[0] * UNIT, b[1] * UNIT, b[2] * UNIT, b[3] * UNIT),
    dot(a[0] + a[1] + a[2] + a[3] + b[0] + b[1] + b[2] + b[3], vec4f(1)));
}

fn dot32(i: u32, v: X32) -> f32 {
  let w = load32(i);
  let lo = dot(digits(w.lo.x), v.a[0]) + dot(digits(w.lo.y), v.a[1]) + dot(digits(w.lo.z), v.a[2]) + dot(digits(w.lo.w), v.a[3]);
  let hi = dot(digits(w.hi.x), v.b[0]) + dot(digits(w.hi.y), v.b[1]) + dot(digits(w.hi.z), v.b[2]) + dot(digits(w.hi.w), v.b[3]);
  return w.scale.x * lo + w.scale.y * hi + w.offset * v.sum;
}
