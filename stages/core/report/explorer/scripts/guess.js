// Shannon's game on held-out text: a person guesses the next token, then sees what the network made of it (Shannon,
// "Prediction and Entropy of Printed English", Bell System Technical Journal 30, 1951).

const NUM_CHARACTERS_BEFORE = 160;

class Guess {
  constructor(data, tokens, typed) {
    this.network = networkOf(data, data.best_epoch);
    this.tokens = tokens;
    this.typed = typed;
    this.ids = tokens.encode(data.held_out_text).ids;
    this.place = Math.min(data.network.window_length, this.ids.length >> 1); // of the token to guess
    Object.assign(this, { numGuesses: 0, numRight: 0, numRightByNetwork: 0, bits: 0 });
    byId("guessing").hidden = this.ids.length < 2;
    byId("guess-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.reveal(byId("guess").value);
    });
    byId("skip").addEventListener("click", () => {
      const isEnd = () => this.place >= this.ids.length;
      while (!isEnd() && /\s$/.test(this.textAt(this.place))) this.place++;
      while (!isEnd() && !/\s$/.test(this.textAt(this.place))) this.place++;
      if (!isEnd()) this.place++; // the space itself
      byId("guess-answer").textContent = "";
      this.show();
    });
    this.show();
  }

  textAt(place) {
    return this.tokens.texts[this.ids[place]];
  }

  reveal(text) {
    if (this.place >= this.ids.length) return;
    const guess = this.typed(text);
    const probabilities = softmaxWithTemperature(this.network.logits(this.ids.slice(0, this.place)), 1);
    const truth = this.ids[this.place];
    const choice = probabilities.indexOf(probabilities.reduce((a, b) => Math.max(a, b)));
    const rank = probabilities.filter((p) => p > probabilities[truth]).length + 1;
    const isRight = guess === this.tokens.texts[truth];
    const name = (id) => `“${tokenName(this.tokens.texts[id])}”`;
    this.numGuesses += 1;
    this.numRight += isRight;
    this.numRightByNetwork += choice === truth;
    this.bits -= Math.log2(probabilities[truth]);
    const ofNetwork =
      choice === truth
        ? `The network would have guessed it, too: ${percent(probabilities[truth])}.`
        : `The network gave it ${percent(probabilities[truth])}, its choice number ${rank}; ` +
          `it would have guessed ${name(choice)}, ${percent(probabilities[choice])}.`;
    byId("guess-answer").textContent = `${isRight ? "Right" : "No"}: it is ${name(truth)}. ${ofNetwork}`;
    byId("guess-score").textContent =
      `You: ${this.numRight} of ${this.numGuesses}. The network: ${this.numRightByNetwork} of ${this.numGuesses}, ` +
      `surprised by ${(this.bits / this.numGuesses).toFixed(2)} bits on average.`;
    byId("guess").value = "";
    byId("guess").focus();
    this.place += 1;
    this.show();
  }

  show() {
    const isEnd = this.place >= this.ids.length;
    const before = Array.from(this.tokens.decode(this.ids.slice(0, this.place)));
    const text = visible(before.slice(-NUM_CHARACTERS_BEFORE).join("").replace(/\n/g, " "));
    byId("guess-text").replaceChildren(
      before.length > NUM_CHARACTERS_BEFORE ? "…" : "",
      before.length > NUM_CHARACTERS_BEFORE ? text.trimEnd() : text.trim(),
      text.endsWith(" ") ? "␣" : "",
      element("span", { class: "gap" }, isEnd ? " (the end)" : "?"),
    );
    for (const control of byId("guess-form").elements) control.disabled = isEnd;
  }
}
