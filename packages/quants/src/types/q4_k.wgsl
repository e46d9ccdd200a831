fn load32(i: u32) -> W32 {
  let at = 9u * (i >> 3u);
  let j = i & 7u;
  let so = scale_offset(w0[at], j);
  let q = at + 1u + (j & 6u);
  let shift = vec4u(4u * (j & 1u));
  return W32((w0[q] >> shift) & vec4u(0x0f0f0f0fu), (w0[q + 1u] >> shift) & vec4u(0x0f0f0f0fu), vec2f(so.x), so.y);
}
