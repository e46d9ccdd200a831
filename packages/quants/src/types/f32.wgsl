fn load4(i: u32) -> vec4f { return w0[i]; }
