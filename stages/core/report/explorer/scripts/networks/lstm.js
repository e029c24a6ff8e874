// LSTM layers with the weights as Keras keeps them. Gates in the order input, forget, cell, output.

NETWORKS.lstm = class LSTM extends Recurrent {
  static numStates = 2; // hidden state and cell state

  step(layer, input, [hidden, cell]) {
    const H = this.units;
    const gates = Float64Array.from(layer.bias); // (4H)
    this.addInputs(layer, input, gates);
    addProduct(gates, hidden, layer.recurrentKernel);
    for (let j = 0; j < H; j++) {
      const written = sigmoid(gates[j]) * Math.tanh(gates[2 * H + j]);
      cell[j] = sigmoid(gates[H + j]) * cell[j] + written;
      hidden[j] = sigmoid(gates[3 * H + j]) * Math.tanh(cell[j]);
    }
  }
};
