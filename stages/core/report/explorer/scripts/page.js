// The page: reads the data, fills in what does not change, and connects the parts.

const data = JSON.parse(byId("data").textContent);
for (const item of [...data.samples, ...data.scores]) item.temperature = Number(item.temperature); // "Infinity"
const distinct = (numbers) => [...new Set(numbers)].sort((a, b) => a - b);
data.temperatures = distinct([...data.samples, ...data.scores].map((item) => item.temperature));
data.epochs = distinct([...data.history, ...data.samples].map((item) => item.epoch));
const tokens = new Tokens(data.tokens);
const numWeights = data.network.num_weights.toLocaleString("en");

fillIn();
const timeline = new Timeline(data, showEpoch);
const KINDS = ["unknown", "copied", "lines"];
for (const kind of KINDS) byId(`show-${kind}`).addEventListener("change", showMarks);
byId("prompt-number").addEventListener("change", () => showEpoch(timeline.epoch));
byId("score").addEventListener("change", () => drawCurves(timeline.epoch));

const unit = data.snapshots.length ? new Unit(tokens, data.network) : null;
const playground = unit ? new Playground(data, tokens, (network, ids) => unit.show(network, ids)) : null;
const guess = playground ? new Guess(data, tokens, playground.typed) : null;

const field = (id) => [() => byId(id).value, (text) => setField(id, text)];
const address = new Address({
  epoch: [() => timeline.epoch ?? data.epochs[0], (text) => data.epochs.includes(Number(text)) && timeline.moveTo(Number(text))],
  score: field("score"),
  ...(playground && {
    network: field("snapshot"),
    temperature: [
      () => playground.temperature,
      (text) => setField("temperature", playground.temperatures.indexOf(Number(text))),
    ],
    prompt: field("prompt"),
    length: field("length"),
    seed: field("seed"),
    unit: [() => byId("unit").dataset.isSet ?? "", (text) => /^\d+$/.test(text) && (byId("unit").value = byId("unit").dataset.isSet = text)],
  }),
});
byId("unit").addEventListener("input", () => (byId("unit").dataset.isSet = byId("unit").value));

showMarks();
timeline.moveTo(data.epochs[0]);
address.restore();
playground?.startOver();
drawCurves(timeline.epoch);
new ResizeObserver(() => drawCurves(timeline.epoch)).observe(byId("loss-plot"));
for (const kind of ["input", "change", "click"]) addEventListener(kind, () => address.save());

// Another view of the page that is open, from a link or typed in: a browser does not load the page again.
addEventListener("hashchange", () => {
  address.restore();
  playground?.startOver();
  drawCurves(timeline.epoch);
});

// A browser fills the fields in again when a person comes back to the page: show what they say.
addEventListener("pageshow", (event) => {
  if (event.persisted) return; // the whole page is as it was
  showMarks();
  timeline.moveTo(data.epochs[byId("epoch").valueAsNumber]);
  playground?.startOver();
});

function fillIn() {
  const noun = tokens.noun;
  byId("subtitle").textContent = `one ${tokens.kind === "words" ? "word" : noun} at a time`;
  for (const place of document.querySelectorAll(".noun")) place.textContent = noun;
  for (const place of document.querySelectorAll(".noun-plural")) place.textContent = `${noun[0].toUpperCase()}${noun.slice(1)}s`;
  byId("uniform").textContent = Math.log2(new Set(data.tokens.texts.join("")).size).toFixed(2);
  const numEpochs = data.history.length;
  byId("lead").append(
    `A network of ${numWeights} weights read `,
    element("i", {}, visible(data.corpus_title)),
    ` ${counted(numEpochs, "time", "times")}. After each reading, called an epoch, it was given a piece of text and continued it. `,
    "Move through the epochs and watch words emerge from noise. ",
    ...headline(),
  );
  byId("write-lead").textContent = data.snapshots.length ? networkLead() : missingNetwork();
  for (const id of ["playground", "unit-panel", "guessing"]) byId(id).hidden = !data.snapshots.length;
  byId("copied-length").textContent = `, ${data.copied_passage_length} or more characters long`;
  byId("no-words").hidden = data.has_words;
  for (const place of document.querySelectorAll(".of-words")) place.hidden = !data.has_words;
  byId("corpus").append("Corpus: ", visible(data.corpus_title), ", SHA-256 ", element("code", {}, data.corpus_sha256));
  const heads = ["Epoch", "Training loss, bits", "Held-out loss, bits", "Learning rate", "Rollbacks"];
  const rows = data.history.map((row) => [
    `${row.epoch}`,
    bitsText(row.bits),
    bitsText(row.val_bits),
    `${row.learning_rate}`,
    `${row.num_rollbacks}`,
  ]);
  fillTable(byId("history"), heads, rows);
  const baselines = data.baselines.map((row) => [row.name, bitsText(row.bits)]);
  fillTable(byId("baseline-table"), ["Without a network", "Held-out loss, bits"], baselines);
  byId("baselines").hidden = !data.baselines.length;
  const options = Object.entries(data.score_labels).map(([name, label]) => element("option", { value: name }, label));
  byId("score").append(...options);
  byId("quality").hidden = !options.length;
}

// The one number to compare by, and the best of what does without a network.
function headline() {
  if (!isValue(data.held_out_bits)) return [];
  const [rival] = [...data.baselines].sort((a, b) => a.bits - b.bits);
  const beside = rival ? ` (the best without a network, ${rival.name}: ${bitsText(rival.bits)})` : "";
  return [
    `At its best, after epoch ${data.best_epoch}, it needed `,
    element("b", {}, `${bitsText(data.held_out_bits)} bits per character`),
    ` for text it had never seen${beside}.`,
  ];
}

function networkLead() {
  const { carries_state: carriesState, window_length: windowLength } = data.network;
  const view = carriesState ? "remembers all that came before" : `sees the last ${windowLength}`;
  return (
    `This is the network itself, running in this page. It knows ${counted(tokens.size, tokens.noun, `${tokens.noun}s`)} and ` +
    `${view}. Let it write, or choose the next ${tokens.noun} yourself.`
  );
}

function missingNetwork() {
  return (
    `The network is too large for this page: with its ${numWeights} weights the page would be larger than 12 MB. ` +
    "The command zarathustra generate writes with it."
  );
}

function showEpoch(epoch) {
  const numPrompts = Math.max(
    0,
    ...data.temperatures.map(
      (t) => data.samples.filter((sample) => sample.epoch === epoch && sample.temperature === t).length,
    ),
  );
  const select = byId("prompt-number");
  if (select.length !== numPrompts) {
    const options = Array.from({ length: numPrompts }, (_, i) => element("option", { value: i }, `${i + 1}`));
    select.replaceChildren(...options);
  }
  byId("which-prompt").hidden = numPrompts < 2;
  byId("prose").textContent = proseAt(data, epoch);
  showCards(data, epoch, Number(select.value));
  drawCurves(epoch);
}

function drawCurves(epoch) {
  const pick = (picked) => timeline.moveTo(picked);
  drawLosses(data, epoch, pick);
  if (!byId("quality").hidden) drawQuality(data, epoch, pick);
}

function showMarks() {
  for (const kind of KINDS) document.body.classList.toggle(`with-${kind}`, byId(`show-${kind}`).checked);
}
