// Bytes 0…63 minus 32, four at once: borrow-free, since bit 7 is set before and the sign put right after.
fn minus32(q: vec4u) -> vec4u { return ((q | vec4u(0x80808080u)) - vec4u(0x20202020u)) ^ vec4u(0x80808080u); }

fn load32(i: u32) -> W32 {
  let block = i >> 3u;
  let at = 13u * block;
  let half = (i >> 2u) & 1u;
  let run = i & 3u;
  let low = at + 4u * half + 2u * (run & 1u);
  let high = at + 8u + 2u * half;
  let nibble = vec4u(4u * (run >> 1u));
  let pair = vec4u(2u * run);
  let d = unpack2x16float(w1[block >> 1u] >> ((block & 1u) * 16u)).x;
  let scales = w0[at + 12u][(i & 7u) >> 1u] >> (16u * (i & 1u));
  let s = vec2f(f32(extractBits(bitcast<i32>(scales), 0u, 8u)), f32(extractBits(bitcast<i32>(scales), 8u, 8u)));
  return W32(
    minus32(((w0[low] >> nibble) & vec4u(0x0f0f0f0fu)) | (((w0[high] >> pair) & vec4u(0x03030303u)) << vec4u(4u))),
    minus32(((w0[low + 1u] >> nibble) & vec4u(0x0f0f0f0fu)) | (((w0[high + 1u] >> pair) & vec4u(0x03030303u)) << vec4u(4u))),
    d * s, 0.0);
}
