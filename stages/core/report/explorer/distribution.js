// The picture of what may come next: the likeliest characters, before and after the temperature.

const NUM_BARS = 12;

class Distribution {
  // choose(id): called when a person takes a character out of the picture
  constructor(characters, choose) {
    this.characters = characters;
    this.rows = Array.from({ length: Math.min(NUM_BARS, characters.length) }, () => {
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
    const order = before.map((_, id) => id).sort((a, b) => before[b] - before[a]);
    const largest = Math.max(...before, ...now);
    this.rows.forEach((row, i) => {
      row.id = order[i];
      const name = characterName(this.characters[row.id]);
      const share = percent(now[row.id]);
      row.glyph.textContent = characterGlyph(this.characters[row.id]);
      row.share.textContent = share;
      row.button.style.setProperty("--now", now[row.id] / largest);
      row.button.style.setProperty("--before", before[row.id] / largest);
      row.button.setAttribute("aria-label", `${name}, ${share}: write it`);
    });
    const numOthers = this.characters.length - this.rows.length;
    const others = order.slice(this.rows.length).reduce((sum, id) => sum + now[id], 0);
    byId("others").textContent = numOthers ? `the other ${numOthers} together: ${percent(others)}` : "";
    const bits = entropyBits(now);
    byId("entropy").replaceChildren(
      "Entropy ",
      element("b", {}, `${bits.toFixed(2)} bits`),
      `: as uncertain as a fair choice among ${(2 ** bits).toFixed(1)} characters. The outlines are temperature 1.`,
    );
    byId("after").textContent = after.map(characterGlyphInText).join("");
  }
}

function percent(share) {
  return share > 0 && share < 0.001 ? "< 0.1 %" : `${(100 * share).toFixed(1)} %`;
}

function characterGlyphInText(character) {
  return character === " " ? " " : characterGlyph(character);
}
