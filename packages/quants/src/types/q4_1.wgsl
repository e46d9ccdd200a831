fn load32(i: u32) -> W32 {
  let q = w0[i];
  let dm = unpack2x16float(w1[i]);
  return W32(q & vec4u(0x0f0f0f0fu), (q >> vec4u(4u)) & vec4u(0x0f0f0f0fu), vec2f(dm.x), dm.y);
}
