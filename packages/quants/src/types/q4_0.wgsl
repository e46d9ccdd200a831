fn load32(i: u32) -> W32 {
  let q = w0[i];
  let d = unpack2x16float(w1[i >> 1u] >> ((i & 1u) * 16u)).x;
  return W32(q & vec4u(0x0f0f0f0fu), (q >> vec4u(4u)) & vec4u(0x0f0f0f0fu), vec2f(d), -8.0 * d);
}
