// Scale and offset of the j-th 32 weights of a Q4_K or Q5_K block. `head`: d and dmin as halves, then twelve bytes of scales.
fn scale_offset(head: vec4u, j: u32) -> vec2f {
  let dm = unpack2x16float(head.x);
  let shift = 8u * (j & 3u);
  if (j < 4u) {
    return vec2f(dm.x * f32((head.y >> shift) & 63u), -dm.y * f32((head.z >> shift) & 63u));
  }
  let low = head.w >> shift;
  let s = (low & 15u) | (((head.y >> (shift + 6u)) & 3u) << 4u);
  let m = ((low >> 4u) & 15u) | (((head.z >> (shift + 6u)) & 3u) << 4u);
  return vec2f(dm.x * f32(s), -dm.y * f32(m));
}
