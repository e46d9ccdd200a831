// Four fifth bits, spread to bit 4 of four bytes: the multiplication copies them to where one mask can pick them.
fn fifth(bits: u32) -> u32 { return (((bits & 0xfu) * 0x00204081u) & 0x01010101u) << 4u; }

fn load32(i: u32) -> W32 {
  let q = w0[i];
  let h = w1[i];
  let d = unpack2x16float(w2[i >> 1u] >> ((i & 1u) * 16u)).x;
  return W32(
    (q & vec4u(0x0f0f0f0fu)) | vec4u(fifth(h), fifth(h >> 4u), fifth(h >> 8u), fifth(h >> 12u)),
    ((q >> vec4u(4u)) & vec4u(0x0f0f0f0fu)) | vec4u(fifth(h >> 16u), fifth(h >> 20u), fifth(h >> 24u), fifth(h >> 28u)),
    vec2f(d), -16.0 * d);
}
