/** Property tests try the same cases in every run; `SEED=…` (any whole number) tries others. */
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env.SEED ?? 1) });
