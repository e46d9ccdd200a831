// The four bytes of a word as numbers: these times UNIT. Bytes are signed.
const UNIT = vec4f(1);
fn digits(word: u32) -> vec4f { return vec4f(unpack4xI8(word)); }
