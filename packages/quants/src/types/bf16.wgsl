fn load4(i: u32) -> vec4f {
  let v = w0[i];
  return bitcast<vec4f>(vec4u(v.x << 16u, v.x & 0xffff0000u, v.y << 16u, v.y & 0xffff0000u));
}
