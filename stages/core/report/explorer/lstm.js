"use strict";

// One LSTM layer and one dense layer, the weights as Keras keeps them, row by row.
// Legend: V characters of the vocabulary, H units; gates in the order input, forget, cell, output.

class LSTM {
  constructor(weights, numCharacters) {
    this.kernel = float32Array(weights.kernel); // (V, 4H)
    this.recurrentKernel = float32Array(weights.recurrent_kernel); // (H, 4H)
    this.bias = float32Array(weights.bias); // (4H)
    this.denseKernel = float32Array(weights.dense_kernel); // (H, V)
    this.denseBias = float32Array(weights.dense_bias); // (V)
    this.numCharacters = numCharacters;
    this.units = this.bias.length / 4;
    this.numWeights = [this.kernel, this.recurrentKernel, this.bias, this.denseKernel, this.denseBias].reduce(
      (sum, array) => sum + array.length,
      0,
    );
  }

  // The logits of the character that follows `ids`, read from a state of zero, as in training.
  // (Sixty states kept in flight would need the same sixty products for each character.)
  logits(ids) {
    const hidden = new Float64Array(this.units);
    const cell = new Float64Array(this.units);
    for (const id of ids) this.step(id, hidden, cell);
    const logits = Float64Array.from(this.denseBias);
    addProduct(logits, hidden, this.denseKernel);
    return logits;
  }

  step(id, hidden, cell) {
    const H = this.units;
    const gates = new Float64Array(4 * H);
    // the product of a one-hot vector and the kernel is a row of the kernel
    for (let k = 0; k < 4 * H; k++) gates[k] = this.kernel[id * 4 * H + k] + this.bias[k];
    addProduct(gates, hidden, this.recurrentKernel);
    for (let j = 0; j < H; j++) {
      const written = sigmoid(gates[j]) * Math.tanh(gates[2 * H + j]);
      cell[j] = sigmoid(gates[H + j]) * cell[j] + written;
      hidden[j] = sigmoid(gates[3 * H + j]) * Math.tanh(cell[j]);
    }
  }
}

// sums += vector · matrix
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

function float32Array(base64) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return new Float32Array(bytes.buffer); // little-endian, like every machine that runs a browser
}
