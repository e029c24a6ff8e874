// Temperature, entropy and random draws, as in stages/core/generation/sampling.py.

// p_i ∝ exp(logit_i / T); T = 0 is greedy (the first of equals), T = Infinity is uniform.
function softmaxWithTemperature(logits, temperature) {
  const largest = logits.reduce((a, b) => Math.max(a, b));
  if (temperature === 0) {
    const best = logits.indexOf(largest);
    return Array.from(logits, (_, id) => (id === best ? 1 : 0));
  }
  const weights = Array.from(logits, (logit) => Math.exp((logit - largest) / temperature));
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / sum);
}

function entropyBits(probabilities) {
  return probabilities.reduce((sum, p) => (p > 0 ? sum - p * Math.log2(p) : sum), 0);
}

// The id that the cumulative sum reaches at `uniform`, a number in [0, 1).
function sampleCategorical(probabilities, uniform) {
  let left = uniform * probabilities.reduce((a, b) => a + b);
  for (let id = 0; id < probabilities.length; id++) {
    left -= probabilities[id];
    if (left < 0) return id;
  }
  return probabilities.findLastIndex((p) => p > 0); // rounding overran the last one
}

// Random numbers in [0, 1), the same for the same seed: Mulberry32 by Tommy Ettinger, public domain.
function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
