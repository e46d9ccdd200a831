fn load4(i: u32) -> vec4f {
  let v = w0[i];
  return vec4f(unpack2x16float(v.x), unpack2x16float(v.y));
}
