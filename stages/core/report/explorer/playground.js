// Writing with the network of the best epoch: prompt, temperature, and text one character a frame.

const NUM_CHARACTERS_SHOWN_AFTER = 24;
const NUM_UNKNOWN_NAMED = 20;

class Playground {
  constructor(data, network) {
    this.data = data;
    this.network = network;
    this.characters = data.tokens;
    this.distribution = new Distribution(this.characters, (id) => this.take(id));
    this.temperatures = [...new Set([...temperatureStops(), ...data.temperatures])].sort((a, b) => a - b);
    this.prompts = [...new Set([data.default_prompt, ...data.samples.map((sample) => sample.prompt)])];

    byId("temperature").max = this.temperatures.length - 1;
    byId("temperature").value = this.temperatures.indexOf(0.5);
    byId("temperature").addEventListener("input", () => this.show());
    byId("prompt").addEventListener("input", () => this.startOver());
    byId("seed").addEventListener("input", () => this.startOver());
    byId("start-over").addEventListener("click", () => this.startOver());
    byId("another").addEventListener("click", () => {
      this.prompts.push(this.prompts.shift());
      this.takePrompt(this.prompts[0]);
    });
    byId("another").hidden = this.prompts.length < 2;
    byId("write").addEventListener("click", () => (this.numLeft ? this.pause("Stopped") : this.write()));
    this.takePrompt(data.default_prompt);
  }

  get temperature() {
    return this.temperatures[byId("temperature").valueAsNumber];
  }

  takePrompt(prompt) {
    byId("prompt").value = prompt;
    this.startOver();
  }

  startOver() {
    const { characters, unknown } = readablePrompt(byId("prompt").value, this.characters);
    const idOf = new Map(this.characters.map((character, id) => [character, id]));
    this.ids = characters.map((character) => idOf.get(character));
    this.written = "";
    this.nextNumber = randomNumbers(byId("seed").valueAsNumber || 0);
    this.read();
    const notes = [];
    if (unknown.length) {
      const named = unknown.slice(0, NUM_UNKNOWN_NAMED).map(characterName);
      const others = unknown.length > named.length ? ` and ${unknown.length - named.length} more` : "";
      notes.push(`Left out, because the corpus has none: ${named.join(" ")}${others}`);
    }
    if (characters.length > this.data.window_length)
      notes.push(`The last ${this.data.window_length} characters count`);
    if (!characters.length) notes.push("Type at least one character that the corpus has");
    byId("prompt-status").textContent = notes.map((note) => `${note}.`).join(" ");
    byId("write").disabled = !characters.length;
    byId("output-prompt").textContent = characters.join("");
    this.pause();
  }

  // As in training, each character comes from the last `window_length` and nothing else.
  read() {
    this.logits = this.network.logits(this.ids.slice(-this.data.window_length));
  }

  append(id) {
    this.ids.push(id);
    this.written += this.characters[id];
    this.read();
  }

  // A character chosen by a person.
  take(id) {
    this.append(id);
    this.pause();
  }

  write() {
    if (![byId("length"), byId("seed")].every((input) => input.reportValidity())) return;
    this.numLeft = byId("length").valueAsNumber;
    byId("write").textContent = "Stop";
    byId("output").classList.add("writing-now");
    byId("write-status").textContent = "Writing …";
    this.frame = requestAnimationFrame(() => this.writeOne());
  }

  writeOne() {
    this.append(sampleCategorical(softmaxWithTemperature(this.logits, this.temperature), this.nextNumber()));
    this.numLeft -= 1;
    this.show();
    if (this.numLeft) this.frame = requestAnimationFrame(() => this.writeOne());
    else this.pause("Done");
  }

  pause(reason) {
    this.numLeft = 0;
    cancelAnimationFrame(this.frame);
    byId("output").classList.remove("writing-now");
    byId("write").textContent = this.written ? "Write on" : "Write";
    const length = Array.from(this.written).length;
    byId("write-status").textContent = reason
      ? `${reason}: ${counted(length, "character", "characters")} written.`
      : "";
    this.show();
  }

  show() {
    const note = temperatureNote(this.temperature);
    const name = temperatureName(this.temperature);
    byId("temperature-name").textContent = note ? `${name}, ${note}` : name;
    byId("temperature").setAttribute("aria-valuetext", note ? `${this.temperature}, ${note}` : name);
    byId("output-made").textContent = this.written;
    // a picture that changes sixty times a second is just what reduced motion asks to be spared
    if (this.numLeft && matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const after = this.ids.slice(-NUM_CHARACTERS_SHOWN_AFTER).map((id) => this.characters[id]);
    this.distribution.show(this.logits, this.temperature, after);
  }
}

// 0, tenths up to 2, then wider and wider, infinity
function temperatureStops() {
  return [...Array.from({ length: 21 }, (_, i) => i / 10), 2.5, 3, 4, 5, 7, 10, Infinity];
}
