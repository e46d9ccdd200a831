// Weights of float types, as the type's own load4 gives them.
struct X32 { a: mat4x4f, b: mat4x4f }
struct F32x32 { a: mat4x4f, b: mat4x4f }

fn load_x(at: u32, stride: u32) -> X32 {
  return X32(
    mat4x4f(x[at], x[at + stride], x[at + 2u * stride], x[at + 3u * stride]),
    mat4x4f(x[at + 4u * stride], x[at + 5u * stride], x[at + 6u * stride], x[at + 7u * stride]));
}

fn dequantize32(i: u32) -> F32x32 {
  let at = 8u * i;
  return F32x32(mat4x4f(load4(at), load4(at + 1u), load4(at + 2u), load4(at + 3u)),
    mat4x4f(load4(at + 4u), load4(at + 5u), load4(at + 6u), load4(at + 7u)));
}

fn dot32(i: u32, x: X32) -> f32 {
  let w = dequantize32(i);
  return dot(w.a[0], x.a[0]) + dot(w.a[1], x.a[1]) + dot(w.a[2], x.a[2]) + dot(w.a[3], x.a[3])
    + dot(w.b[0], x.b[0]) + dot(w.b[1], x.b[1]) + dot(w.b[2], x.b[2]) + dot(w.b[3], x.b[3]);
}
