// The samples of one epoch: a card for each temperature, side by side.

const LONG_TEXT = 1000; // characters; a longer text, as 400 words make, is scrolled in its card
const MARK_TITLES = { unknown: "does not occur in the corpus", copied: "copied from the corpus" };

function showCards(data, epoch, promptNumber) {
  byId("cards").replaceChildren(
    ...data.temperatures.map((temperature) => {
      const sample = data.samples.filter((s) => s.epoch === epoch && s.temperature === temperature)[
        promptNumber
      ];
      return card(data, temperature, temperatureHue(data.temperatures, temperature), sample);
    }),
  );
}

function card(data, temperature, hue, sample) {
  const note = temperatureNote(temperature);
  const heading = element("h3", {}, element("span", {}, "temperature "), temperatureName(temperature));
  if (note) heading.append(element("span", {}, ` ${note.split(":")[0]}`));
  const made = element("article", { class: "card", style: `--hue: ${hue}` }, heading);
  if (sample === undefined) {
    made.append(element("p", { class: "counts" }, "There is no sample of this epoch."));
    return made;
  }
  const continuation = element("span", { class: "made" });
  for (const { text, unknown, copied } of segments(sample)) {
    const kinds = [unknown && "unknown", copied && "copied"].filter(Boolean);
    const title = kinds.map((kind) => MARK_TITLES[kind]).join("; ");
    continuation.append(kinds.length ? element("mark", { class: kinds.join(" "), title }, visible(text)) : visible(text));
  }
  made.append(
    element(
      "p",
      sample.text.length > LONG_TEXT ? scrolled(temperature) : { class: "text" },
      element("span", { class: "hidden" }, "Prompt: "),
      element("span", { class: "prompt" }, visible(sample.prompt)),
      element("span", { class: "hidden" }, " Continuation: "),
      continuation,
    ),
    element("p", { class: "counts" }, counts(sample, data.has_words)),
  );
  return made;
}

function scrolled(temperature) {
  return { class: "text long", tabindex: 0, role: "region", "aria-label": `Text at temperature ${temperatureName(temperature)}` };
}

// The text cut wherever a span begins or ends. Spans count characters as Python does.
function segments(sample) {
  const characters = Array.from(sample.text);
  const spans = [...sample.unknown_words, ...sample.copied];
  const cuts = [...new Set([0, characters.length, ...spans.flat()])].sort((a, b) => a - b);
  const within = (list, place) => list.some(([start, end]) => start <= place && place < end);
  return cuts.slice(1).map((end, i) => ({
    text: characters.slice(cuts[i], end).join(""),
    unknown: within(sample.unknown_words, cuts[i]),
    copied: within(sample.copied, cuts[i]),
  }));
}

function counts(sample, hasWords) {
  const longest = Math.max(0, ...sample.copied.map(([start, end]) => end - start));
  const unknown = sample.unknown_words.length;
  const words = unknown ? `${counted(unknown, "word", "words")} not in the corpus` : "every word is in the corpus";
  const copied = longest ? `${counted(longest, "character", "characters")} copied in one piece` : "no passage copied";
  return hasWords ? `${words}, ${copied}` : copied;
}
