fn load32(i: u32) -> W32 {
  let d = unpack2x16float(w1[i >> 1u] >> ((i & 1u) * 16u)).x;
  return W32(w0[2u * i], w0[2u * i + 1u], vec2f(d), 0.0);
}
