fn load32(i: u32) -> W32 {
  let at = 11u * (i >> 3u);
  let j = i & 7u;
  let so = scale_offset(w0[at], j);
  let q = at + 3u + (j & 6u);
  let shift = vec4u(4u * (j & 1u));
  let lo = (w0[at + 1u] >> vec4u(j)) & vec4u(0x01010101u);
  let hi = (w0[at + 2u] >> vec4u(j)) & vec4u(0x01010101u);
  return W32(
    ((w0[q] >> shift) & vec4u(0x0f0f0f0fu)) | (lo << vec4u(4u)),
    ((w0[q + 1u] >> shift) & vec4u(0x0f0f0f0fu)) | (hi << vec4u(4u)),
    vec2f(so.x), so.y);
}
