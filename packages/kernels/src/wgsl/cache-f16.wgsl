// Keys and values as pairs of halves: four numbers in two words.
alias Four = vec2u;
fn unpack4(p: Four) -> vec4f { return vec4f(unpack2x16float(p.x), unpack2x16float(p.y)); }
fn pack4(v: vec4f) -> Four { return vec2u(pack2x16float(v.xy), pack2x16float(v.zw)); }
