// Groups of 32 weights of float types, as the type's own load4 gives them.
struct Block { at: u32 }
// 32 activations.
struct X32 { a: mat4x4f, b: mat4x4f }

fn load_block(i: u32) -> Block { return Block(8u * i); }
// Four weights of a block.
fn quad_of(w: Block, i: u32) -> vec4f { return load4(w.at + i); }

fn load_x(at: u32) -> X32 {
  return X32(mat4x4f(x[at], x[at + 1u], x[at + 2u], x[at + 3u]), mat4x4f(x[at + 4u], x[at + 5u], x[at + 6u], x[at + 7u]));
}

fn dot32(i: u32, v: X32) -> f32 {
  let at = 8u * i;
  return dot(load4(at), v.a[0]) + dot(load4(at + 1u), v.a[1]) + dot(load4(at + 2u), v.a[2]) + dot(load4(at + 3u), v.a[3])
    + dot(load4(at + 4u), v.b[0]) + dot(load4(at + 5u), v.b[1]) + dot(load4(at + 6u), v.b[2]) + dot(load4(at + 7u), v.b[3]);
}
