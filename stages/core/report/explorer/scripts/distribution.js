// The distribution of the next token: the likeliest ones, before and after the temperature.

const NUM_BARS = 12;
const NUM_IN_FORMULA = 3;

class Distribution {
  // choose(id): called when a person takes a token out of the picture
  constructor(tokens, choose) {
    this.tokens = tokens;
    byId("next").classList.toggle("long", tokens.kind === "words");
    this.rows = Array.from({ length: Math.min(NUM_BARS, tokens.size) }, () => {
      const row = {
        button: element("button", { type: "button" }),
        glyph: element("span", { class: "glyph" }),
        bar: element("span", { class: "bar" }),
        share: element("span", { class: "share" }),
      };
      row.button.append(row.glyph, element("span", { class: "track" }, row.bar), row.share);
      row.button.addEventListener("click", () => choose(row.id));
      byId("next").append(element("li", {}, row.button));
      return row;
    });
  }

  show(logits, temperature, after) {
    const before = softmaxWithTemperature(logits, 1);
    const now = softmaxWithTemperature(logits, temperature);
    const order = before.map((_, id) => id).sort((a, b) => logits[b] - logits[a]);
    const largest = [...before, ...now].reduce((a, b) => Math.max(a, b));
    this.rows.forEach((row, i) => {
      row.id = order[i];
      const share = percent(now[row.id]);
      row.glyph.textContent = tokenGlyph(this.tokens.texts[row.id]);
      row.share.textContent = share;
      row.button.style.setProperty("--now", now[row.id] / largest);
      row.button.style.setProperty("--before", before[row.id] / largest);
      row.button.setAttribute("aria-label", `${tokenName(this.tokens.texts[row.id])}, ${share}: write it`);
    });
    const numOthers = this.tokens.size - this.rows.length;
    const others = order.slice(this.rows.length).reduce((sum, id) => sum + now[id], 0);
    byId("others").textContent =
      numOthers > 0 ? `the other ${numOthers.toLocaleString("en")} together: ${percent(others)}` : "";
    const bits = entropyBits(now);
    byId("entropy").replaceChildren(
      "Entropy ",
      element("b", {}, `${bits.toFixed(2)} bits`),
      `: as uncertain as a fair choice among ${(2 ** bits).toFixed(1)} ${this.tokens.noun}s. The upright lines show temperature 1.`,
    );
    byId("after").textContent = visible(after.replace(/\n/g, "↵"));
    this.showFormula(logits, temperature, now, order.slice(0, NUM_IN_FORMULA));
  }

  // The numbers of the moment in p = e^(z / T) ÷ Σ e^(z / T). A constant added to every z changes nothing: the largest
  // is shown as 0.
  showFormula(logits, temperature, now, ids) {
    if (temperature === 0 || temperature === Infinity) {
      byId("formula").textContent =
        temperature === 0 ? "As T goes to 0, the largest z takes all." : "As T goes to ∞, every z / T goes to 0: all are equal.";
      return;
    }
    const largest = logits[ids[0]];
    const sum = 1 / now[ids[0]]; // of all e^(z / T), with the largest z as 0
    byId("formula").replaceChildren(
      ...ids.map((id) =>
        element(
          "p",
          {},
          element("b", {}, tokenGlyph(this.tokens.texts[id])),
          " e",
          element("sup", {}, `${minus(logits[id] - largest)} / ${temperatureName(temperature)}`),
          ` ÷ ${sum.toPrecision(3)} = `,
          element("b", {}, percent(now[id])),
        ),
      ),
    );
  }
}

function minus(number) {
  return number.toFixed(2).replace("-", "−");
}

function percent(share) {
  return share > 0 && share < 0.001 ? "< 0.1 %" : `${(100 * share).toFixed(1)} %`;
}
