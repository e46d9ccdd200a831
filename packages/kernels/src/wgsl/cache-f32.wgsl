// Keys and values in full, for models whose weights are.
alias Four = vec4f;
fn unpack4(p: Four) -> vec4f { return p; }
fn pack4(v: vec4f) -> Four { return v; }
