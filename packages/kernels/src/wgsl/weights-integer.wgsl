// Weights of integer types, as the type's own load32 gives them: 32 signed bytes with two scales and one offset.
struct W32 { lo: vec4u, hi: vec4u, scale: vec2f, offset: f32 }
// 32 activations and their sum.
struct X32 { a: mat4x4f, b: mat4x4f, sum: f32 }
// 32 dequantized weights, four to a column.
struct F32x32 { a: mat4x4f, b: mat4x4f }

fn bytes(word: u32) -> vec4f { return vec4f(unpack4xI8(word)); }

fn load_x(at: u32, stride: u32) -> X32 {
  let a = mat4x4f(x[at], x[at + stride], x[at + 2u * stride], x[at + 3u * stride]);
  let b = mat4x4f(x[at + 4u * stride], x[at + 5u * stride], x[at + 6u * stride], x[at + 7u * stride]);
  return X32(a, b, dot(a[0] + a[1] + a[2] + a[3] + b[0] + b[1] + b[2] + b[3], vec4f(1)));
}

fn dot32(i: u32, x: X32) -> f32 {
  let w = load32(i);
  let lo = dot(bytes(w.lo.x), x.a[0]) + dot(bytes(w.lo.y), x.a[1]) + dot(bytes(w.lo.z), x.a[2]) + dot(bytes(w.lo.w), x.a[3]);
  let hi = dot(bytes(w.hi.x), x.b[0]) + dot(bytes(w.hi.y), x.b[1]) + dot(bytes(w.hi.z), x.b[2]) + dot(bytes(w.hi.w), x.b[3]);
  return w.scale.x * lo + w.scale.y * hi + w.offset * x.sum;
}

fn dequantize32(i: u32) -> F32x32 {
  let w = load32(i);
  let s = w.scale;
  let o = w.offset;
  return F32x32(
    mat4x4f(bytes(w.lo.x) * s.x + o, bytes(w.lo.y) * s.x + o, bytes(w.lo.z) * s.x + o, bytes(w.lo.w) * s.x + o),
    mat4x4f(bytes(w.hi.x) * s.y + o, bytes(w.hi.y) * s.y + o, bytes(w.hi.z) * s.y + o, bytes(w.hi.w) * s.y + o));
}
