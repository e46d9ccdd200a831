// Groups of 32 weights of integer types, as the type's own load32 gives them: signed bytes with two scales and one offset.
struct W32 { lo: vec4u, hi: vec4u, scale: vec2f, offset: f32 }
alias Block = W32;
// 32 activations and their sum.
struct X32 { a: mat4x4f, b: mat4x4f, sum: f32 }

fn bytes(word: u32) -> vec4f { return vec4f(unpack4xI8(word)); }

fn load_block(i: u32) -> Block { return load32(i); }
// Four weights of a block.
fn quad_of(w: Block, i: u32) -> vec4f {
  let high = i >= 4u;
  return bytes(select(w.lo, w.hi, high)[i & 3u]) * select(w.scale.x, w.scale.y, high) + w.offset;
}

fn load_x(at: u32) -> X32 {
  let a = mat4x4f(x[at], x[at + 1u], x[at + 2u], x[at + 3u]);
  let b = mat4x4f(x[at + 4u], x[at + 5u], x[at + 6u], x[at + 7u]);
  return X32(a, b, dot(a[0] + a[1] + a[2] + a[3] + b[0] + b[1] + b[2] + b[3], vec4f(1)));
}

fn dot32(i: u32, v: X32) -> f32 {
  let w = load32(i);
  let lo = dot(bytes(w.lo.x), v.a[0]) + dot(bytes(w.lo.y), v.a[1]) + dot(bytes(w.lo.z), v.a[2]) + dot(bytes(w.lo.w), v.a[3]);
  let hi = dot(bytes(w.hi.x), v.b[0]) + dot(bytes(w.hi.y), v.b[1]) + dot(bytes(w.hi.z), v.b[2]) + dot(bytes(w.hi.w), v.b[3]);
  return w.scale.x * lo + w.scale.y * hi + w.offset * v.sum;
}
