// What one unit of the last layer gives out at each token, as colours on the text (after Karpathy, "The Unreasonable
// Effectiveness of Recurrent Neural Networks", 2015).

const MAX_TOKENS_COLOURED = 400; // of a network that reads all that came before

class Unit {
  constructor(tokens, description) {
    this.tokens = tokens;
    this.numShown = description.carries_state ? MAX_TOKENS_COLOURED : description.window_length;
    byId("unit").addEventListener("input", () => this.draw());
    byId("next-unit").addEventListener("click", () => {
      const order = this.byVariance();
      const place = order.indexOf(this.number - 1);
      byId("unit").value = order[(place + 1) % order.length] + 1;
      byId("unit").dispatchEvent(new Event("input", { bubbles: true }));
    });
  }

  get number() {
    return Math.min(Math.max(1, byId("unit").valueAsNumber || 1), this.numUnits);
  }

  // ids: all tokens so far, at least one
  show(network, ids) {
    this.ids = ids.slice(-this.numShown);
    this.values = network.activity(this.ids); // for each token a value of each unit
    const isFirst = this.numUnits === undefined;
    this.numUnits = this.values[0].length;
    byId("num-units").textContent = this.numUnits.toLocaleString("en");
    byId("unit").max = this.numUnits;
    if (isFirst && !byId("unit").dataset.isSet) byId("unit").value = this.byVariance()[0] + 1;
    this.draw();
  }

  draw() {
    if (!this.values) return;
    // LSTM and GRU give out −1 to 1; a convolution has no such limits
    const largest = this.values.reduce((most, row) => Math.max(most, Math.abs(row[this.number - 1])), 1);
    byId("highest").textContent = Number(largest.toPrecision(2));
    byId("lowest").textContent = `−${Number(largest.toPrecision(2))}`;
    byId("activity").replaceChildren(
      ...this.ids.map((id, i) => {
        const value = this.values[i][this.number - 1];
        const attributes = {
          class: value < 0 ? "below" : "above",
          style: `--strength: ${(Math.abs(value) / largest).toFixed(2)}`,
          title: minus(value),
        };
        return element("span", attributes, tokenGlyphInText(this.tokens.texts[id]));
      }),
    );
  }

  // The units, those whose values vary most on this text first.
  byVariance() {
    const n = this.values.length;
    const variances = Array.from({ length: this.numUnits }, (_, unit) => {
      const mean = this.values.reduce((sum, row) => sum + row[unit], 0) / n;
      return this.values.reduce((sum, row) => sum + (row[unit] - mean) ** 2, 0) / n;
    });
    return variances.map((_, unit) => unit).sort((a, b) => variances[b] - variances[a]);
  }
}

function tokenGlyphInText(text) {
  return visible(text.replace(/\n/g, "↵\n"));
}
