// Writing with the network: prompt, temperature, and text one token a frame.

const NUM_CHARACTERS_SHOWN_AFTER = 24;
const NUM_UNKNOWN_NAMED = 20;

class Playground {
  // onRead(network, ids): called when the network has read a text and nothing is being written
  constructor(data, tokens, onRead) {
    this.data = data;
    this.tokens = tokens;
    this.onRead = onRead;
    this.distribution = new Distribution(tokens, (id) => this.take(id));
    this.temperatures = [...new Set([...temperatureStops(), ...data.temperatures])].sort((a, b) => a - b);
    this.prompts = [...new Set([data.default_prompt, ...data.samples.map((sample) => sample.prompt)])];
    // a prompt in lower case where the corpus is, its accents as the corpus has them: see generation/prompts.py
    const isLower = tokens.texts.every((text) => text === text.toLowerCase());
    const numUnknown = (text) => tokens.encode(text).unknown.length;
    const knownForm = (letter) =>
      [letter, letter.normalize("NFC"), letter.normalize("NFD")]
        .reduce((best, form) => (numUnknown(form) < numUnknown(best) ? form : best));
    this.typed = (typed) => {
      const text = isLower ? typed.toLowerCase() : typed;
      return numUnknown(text) ? text.replace(/\P{M}[\p{M}\u1160-\u11ff]*/gu, knownForm) : text;
    };

    byId("snapshot").append(...data.snapshots.map((s) => element("option", { value: s.epoch }, this.snapshotName(s))));
    byId("snapshot").value = data.best_epoch;
    byId("temperature").max = this.temperatures.length - 1;
    byId("temperature").value = this.temperatures.indexOf(0.5);
    byId("prompt").value = data.default_prompt;
    byId("snapshot").addEventListener("change", () => this.startOver());
    byId("temperature").addEventListener("input", () => this.show());
    byId("prompt").addEventListener("input", () => this.startOver());
    byId("seed").addEventListener("input", () => this.startOver());
    byId("start-over").addEventListener("click", () => this.startOver());
    byId("another").addEventListener("click", () => {
      this.prompts.push(this.prompts.shift());
      byId("prompt").value = this.prompts[0];
      byId("prompt").dispatchEvent(new Event("input", { bubbles: true }));
    });
    byId("another").hidden = this.prompts.length < 2;
    byId("write").addEventListener("click", () => (this.numLeft ? this.pause("Stopped") : this.write()));
  }

  snapshotName({ epoch, type, arrays }) {
    const characters = Object.values(arrays).reduce((sum, text) => sum + text.length, 0);
    const size = `${type === "float16" ? "16-bit, " : ""}${(characters / 1e6).toFixed(2)} MB`;
    const name = epoch ? `after epoch ${epoch}${epoch === this.data.best_epoch ? ", the best" : ""}` : "before training";
    return `${name} (${size})`;
  }

  get temperature() {
    return this.temperatures[byId("temperature").valueAsNumber];
  }

  startOver() {
    this.network = networkOf(this.data, Number(byId("snapshot").value));
    const { text, unknown, ids } = this.tokens.encode(this.typed(byId("prompt").value));
    const { window_length: windowLength, carries_state: carriesState } = this.data.network;
    // as in Python, no network reads more of a prompt than a window; one that carries its state reads on from there
    this.ids = carriesState ? ids.slice(-windowLength) : ids;
    this.numPrompt = this.ids.length;
    this.nextNumber = randomNumbers(byId("seed").valueAsNumber || 0);
    const notes = [];
    if (unknown.length) {
      const named = unknown.slice(0, NUM_UNKNOWN_NAMED).map(tokenName);
      const others = unknown.length > named.length ? ` and ${unknown.length - named.length} more` : "";
      notes.push(`Left out, because the corpus does not have them: ${named.join(" ")}${others}`);
    }
    if (ids.length > windowLength)
      notes.push(`The network sees the last ${windowLength} ${this.tokens.noun}s`);
    if (!ids.length) notes.push("Type at least one character that the corpus has");
    byId("prompt-status").textContent = notes.map((note) => `${note}.`).join(" ");
    byId("write").disabled = !ids.length;
    byId("output-prompt").textContent = visible(text);
    this.read();
    this.pause();
  }

  read() {
    this.logits = this.ids.length ? this.network.logits(this.ids) : new Float64Array(this.tokens.size);
  }

  get written() {
    return this.tokens.decode(this.ids.slice(this.numPrompt));
  }

  append(id) {
    this.ids.push(id);
    this.read();
  }

  // A token chosen by a person.
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
    const numWritten = this.ids.length - this.numPrompt;
    byId("output").classList.remove("writing-now");
    byId("write").textContent = numWritten ? "Continue" : "Write";
    byId("write-status").textContent = reason
      ? `${reason}: ${counted(numWritten, this.tokens.noun, `${this.tokens.noun}s`)} written.`
      : "";
    this.show();
    if (this.ids.length) this.onRead(this.network, this.ids);
  }

  show() {
    const note = temperatureNote(this.temperature);
    const name = temperatureName(this.temperature);
    byId("temperature-name").textContent = note ? `${name}, ${note}` : name;
    byId("temperature").setAttribute("aria-valuetext", note ? `${this.temperature}, ${note}` : name);
    byId("output-made").textContent = visible(this.written);
    // reduced motion: no picture that changes sixty times a second
    if (this.numLeft && matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const after = Array.from(this.tokens.decode(this.ids.slice(-NUM_CHARACTERS_SHOWN_AFTER)));
    this.distribution.show(this.logits, this.temperature, after.slice(-NUM_CHARACTERS_SHOWN_AFTER).join(""));
  }
}

// The network as it was after an epoch, made once.
function networkOf(data, epoch) {
  networkOf.made ??= new Map();
  if (!networkOf.made.has(epoch)) {
    const snapshot = data.snapshots.find((candidate) => candidate.epoch === epoch);
    networkOf.made.set(epoch, new NETWORKS[data.network.kind](decodedArrays(snapshot), data.network));
  }
  return networkOf.made.get(epoch);
}

// 0, tenths up to 2, then in growing steps, infinity
function temperatureStops() {
  return [...Array.from({ length: 21 }, (_, i) => i / 10), 2.5, 3, 4, 5, 7, 10, Infinity];
}
