"use strict";

// What the networks of the page share. Each kind adds its class to NETWORKS: see ../../README.md.

const NETWORKS = {};

// Rows of sums += vector · matrix, for a matrix (vector.length, sums.length) kept row by row.
function addProduct(sums, vector, matrix) {
  const width = sums.length;
  for (let j = 0; j < vector.length; j++) {
    const factor = vector[j];
    const row = j * width;
    for (let k = 0; k < width; k++) sums[k] += factor * matrix[row + k];
  }
}

function sigmoid(x) {
  return 1 / (1 + Math.exp(-x));
}

// A stack of recurrent layers and a dense layer. A subclass has `static numStates`, how many vectors a layer remembers,
// and `step(layer, gates, states)`, which moves the states of one layer on by one token, in place.
// Shapes: V tokens, H units, L layers; layer i reads V or H inputs.
class Recurrent {
  constructor(arrays, { settings, carries_state, window_length, num_tokens }) {
    this.units = settings.units;
    this.layers = Array.from({ length: settings.num_layers ?? 1 }, (_, i) => {
      const suffix = i ? `_${i + 1}` : "";
      return {
        kernel: arrays[`kernel${suffix}`], // (V or H, gates)
        recurrentKernel: arrays[`recurrent_kernel${suffix}`], // (H, gates)
        bias: arrays[`bias${suffix}`],
        isFirst: i === 0,
      };
    });
    this.denseKernel = arrays.dense_kernel; // (H, V)
    this.denseBias = arrays.dense_bias; // (V)
    this.carriesState = carries_state;
    this.windowLength = window_length;
    this.numTokens = num_tokens;
  }

  // The logits (V) of the token after `ids`, at least one. Trained on windows that start from zeros, the network reads
  // the last window and nothing else; one that carries its state reads all.
  logits(ids) {
    const states = this.carriesState ? this.statesAfter(ids) : this.read(ids.slice(-this.windowLength), this.zeros());
    const logits = Float64Array.from(this.denseBias);
    addProduct(logits, states.at(-1)[0], this.denseKernel);
    return logits;
  }

  // What the units of the last layer give out at each of `ids`, read from a state of zeros.
  activity(ids) {
    const states = this.zeros();
    return ids.map((id) => (this.read([id], states), Float64Array.from(states.at(-1)[0])));
  }

  // While text is written, `ids` grows by one token at a time: only the new ones are read.
  statesAfter(ids) {
    const known = this.known;
    const goesOn = known && known.ids.length <= ids.length && known.ids.every((id, i) => id === ids[i]);
    const states = goesOn ? known.states : this.zeros();
    this.read(ids.slice(goesOn ? known.ids.length : 0), states);
    this.known = { ids: ids.slice(), states };
    return states;
  }

  zeros() {
    return this.layers.map(() =>
      Array.from({ length: this.constructor.numStates }, () => new Float64Array(this.units)),
    );
  }

  read(ids, states) {
    for (const id of ids) this.layers.forEach((layer, i) => this.step(layer, i ? states[i - 1][0] : id, states[i]));
    return states;
  }

  // inputs · kernel + sums: the inputs of the first layer are one-hot, so the product is a row of the kernel.
  addInputs(layer, input, sums) {
    if (!layer.isFirst) return addProduct(sums, input, layer.kernel);
    const row = input * sums.length;
    for (let k = 0; k < sums.length; k++) sums[k] += layer.kernel[row + k];
  }
}
