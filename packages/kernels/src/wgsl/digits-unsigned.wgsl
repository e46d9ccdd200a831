// The four bytes of a word as numbers: these times UNIT. Bytes are unsigned, the highest below 128: they need not be moved into place,
// since whoever multiplies by them can have the powers of two in the other factor, which is exact.
const UNIT = vec4f(1, 0x1p-8, 0x1p-16, 0x1p-24);
fn digits(word: u32) -> vec4f { return vec4f(bitcast<vec4i>(vec4u(word) & vec4u(0xffu, 0xff00u, 0xff0000u, 0x7f000000u))); }
