// Moving through the epochs: slider, arrow keys, play and pause.

const PLAY_INTERVAL_MS = 900;

class Timeline {
  // show(epoch): called whenever the epoch changes
  constructor(data, show) {
    this.data = data;
    this.epochs = data.epochs;
    this.show = show;
    this.slider = byId("epoch");
    this.slider.max = this.epochs.length - 1;
    this.slider.addEventListener("input", () => this.moveTo(this.epochs[this.slider.valueAsNumber]));
    byId("play").addEventListener("click", () => (this.timer ? this.pause() : this.play()));
    document.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      const isPlain = !event.altKey && !event.ctrlKey && !event.metaKey && !event.shiftKey;
      // the focused control may need the arrow keys for itself
      const needsThem = "input:not([type=checkbox]), textarea, select, [tabindex]";
      if (step && isPlain && !event.target.closest(needsThem)) this.moveBy(step);
    });
  }

  get place() {
    return this.epochs.indexOf(this.epoch);
  }

  moveBy(step) {
    this.moveTo(this.epochs[Math.min(this.epochs.length - 1, Math.max(0, this.place + step))]);
  }

  moveTo(epoch) {
    this.epoch = epoch;
    const isBest = epoch === this.data.best_epoch;
    const row = this.data.history.find((candidate) => candidate.epoch === epoch);
    const bits = row?.val_bits;
    this.slider.value = this.place;
    this.slider.setAttribute(
      "aria-valuetext",
      `${epoch} of ${this.epochs.at(-1)}${isBest ? ", the best" : ""}${epoch ? "" : ", before training"}`,
    );
    byId("epoch-name").replaceChildren(
      "Epoch ",
      element("b", {}, `${epoch}`),
      ` of ${this.epochs.at(-1)}`,
      ...(epoch ? [] : [element("span", { class: "tag" }, "before training")]),
      ...(isBest ? [element("span", { class: "tag" }, "the best")] : []),
      ...(row?.num_rollbacks ? [element("span", { class: "tag" }, "rolled back")] : []),
    );
    byId("epoch-loss").replaceChildren(
      ...(isValue(bits)
        ? [element("b", {}, bitsText(bits)), " bits per character on held-out text"]
        : epoch
          ? []
          : ["a blind guess: ", element("b", {}, byId("uniform").textContent), " bits per character"]),
    );
    this.show(epoch);
  }

  play() {
    if (this.place === this.epochs.length - 1) this.moveTo(this.epochs[0]);
    this.timer = setInterval(() => {
      this.moveBy(1);
      if (this.place === this.epochs.length - 1) this.pause();
    }, PLAY_INTERVAL_MS);
    byId("play").textContent = "Pause";
  }

  pause() {
    clearInterval(this.timer);
    this.timer = null;
    byId("play").textContent = "Play";
  }
}
