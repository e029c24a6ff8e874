// Embedded tokens, then GRU layers with the weights as Keras keeps them. Gates in the order update, reset, candidate.

NETWORKS.gru = class GRU extends Recurrent {
  static numStates = 1;

  constructor(arrays, description) {
    super(arrays, description);
    this.embedding = arrays.embedding; // (V, H)
  }

  step(layer, input, [hidden]) {
    const H = this.units;
    const vector = layer.isFirst ? this.embedding.subarray(input * H, (input + 1) * H) : input;
    const ofInput = Float64Array.from(layer.bias.subarray(0, 3 * H));
    const ofState = Float64Array.from(layer.bias.subarray(3 * H));
    addProduct(ofInput, vector, layer.kernel);
    addProduct(ofState, hidden, layer.recurrentKernel);
    for (let j = 0; j < H; j++) {
      const update = sigmoid(ofInput[j] + ofState[j]);
      const reset = sigmoid(ofInput[H + j] + ofState[H + j]);
      const candidate = Math.tanh(ofInput[2 * H + j] + reset * ofState[2 * H + j]);
      hidden[j] = update * hidden[j] + (1 - update) * candidate;
    }
  }
};
