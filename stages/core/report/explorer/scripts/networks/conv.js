// Embedded tokens, then causal, dilated convolutions, each added to its input. What came before counts as zeros.
// Shapes: V tokens, H units.

NETWORKS.conv = class Conv {
  constructor(arrays, { settings, num_tokens }) {
    this.units = settings.units;
    this.embedding = arrays.embedding; // (V, H)
    this.layers = Array.from({ length: settings.num_layers }, (_, i) => {
      const suffix = i ? `_${i + 1}` : "";
      return {
        kernel: arrays[`kernel${suffix}`], // (3, H, H), oldest first
        bias: arrays[`bias${suffix}`], // (H)
        projectionKernel: arrays[`projection_kernel${suffix}`], // (H, H)
        projectionBias: arrays[`projection_bias${suffix}`], // (H)
        dilation: 2 ** i,
      };
    });
    this.denseKernel = arrays.dense_kernel; // (H, V)
    this.denseBias = arrays.dense_bias; // (V)
    this.numTokens = num_tokens;
    this.receptiveField = 1 + 2 * (2 ** settings.num_layers - 1);
  }

  logits(ids) {
    const logits = Float64Array.from(this.denseBias);
    addProduct(logits, this.activity(ids.slice(-this.receptiveField)).at(-1), this.denseKernel);
    return logits;
  }

  // What the units of the last layer give out at each of `ids`.
  activity(ids) {
    const H = this.units;
    const embedded = ids.map((id) => Float64Array.from(this.embedding.subarray(id * H, (id + 1) * H)));
    return this.layers.reduce((inputs, layer) => this.convolved(layer, inputs), embedded);
  }

  convolved({ kernel, bias, projectionKernel, projectionBias, dilation }, inputs) {
    const size = this.units ** 2;
    return inputs.map((input, t) => {
      const sums = Float64Array.from(bias);
      for (let i = 0; i < 3; i++) {
        const seen = inputs[t - (2 - i) * dilation];
        if (seen) addProduct(sums, seen, kernel.subarray(i * size, (i + 1) * size));
      }
      const output = Float64Array.from(projectionBias);
      addProduct(output, sums.map((x) => Math.max(x, 0)), projectionKernel);
      return output.map((x, j) => x + input[j]);
    });
  }
};
