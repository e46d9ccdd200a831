/** The generator MT19937 (Matsumoto and Nishimura, 1998), which C++ calls std::mt19937. */

/** Uniform doubles in [0, 1] as llama.cpp draws them: two outputs a, b make (a + b · 2³²) / 2⁶⁴. @param seed its low 32 bits count */
export function createRandom(seed: number): () => number {
  const state = new Uint32Array(624);
  state[0] = seed;
  for (let i = 1; i < 624; i++) {
    state[i] = Math.imul(1812433253, state[i - 1] ^ (state[i - 1] >>> 30)) + i;
  }
  let at = 624;

  const next = () => {
    if (at === 624) {
      for (let i = 0; i < 624; i++) {
        const y = (state[i] & 0x80000000) | (state[(i + 1) % 624] & 0x7fffffff);
        state[i] = state[(i + 397) % 624] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
      }
      at = 0;
    }
    let y = state[at++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  };
  return () => {
    const low = next();
    return (low + next() * 2 ** 32) / 2 ** 64;
  };
}
