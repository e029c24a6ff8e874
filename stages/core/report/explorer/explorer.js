// The page: reads the data, fills in what stands still, and ties the parts together.

const data = JSON.parse(byId("data").textContent);
for (const item of [...data.samples, ...data.scores]) item.temperature = Number(item.temperature); // "Infinity"
const distinct = (numbers) => [...new Set(numbers)].sort((a, b) => a - b);
data.temperatures = distinct([...data.samples, ...data.scores].map((item) => item.temperature));
data.epochs = distinct([...data.history, ...data.samples].map((item) => item.epoch));

// a class for each kind of network.json, with `logits(ids)` and `numWeights`
const NETWORKS = { lstm: LSTM };
const network = new NETWORKS[data.kind](data.weights, data.tokens.length);
const times = counted(data.epochs.length, "time", "times");

byId("lead").append(
  `A network of ${network.numWeights.toLocaleString("en")} numbers read `,
  element("i", {}, data.corpus_title),
  ` ${times}. After every reading it was given a piece of text and wrote on from there. `,
  "Move through the readings, and see words come out of noise.",
);
byId("write-lead").textContent =
  `This is the network itself, as it was after epoch ${data.best_epoch}, running in this page. It knows ` +
  `${network.numCharacters} characters and looks back over the last ${data.window_length}. ` +
  "Let it write, or take the next character yourself.";
byId("copied-length").textContent = `, ${data.copied_passage_length} or more characters long`;
byId("footer").append(
  element("p", {}, "Nothing on this page was loaded from anywhere, and nothing is sent."),
  element("p", {}, "Corpus: ", data.corpus_title, ", SHA-256 ", element("code", {}, data.corpus_sha256)),
);

fillTable(
  byId("history"),
  [
    "Epoch",
    "Training loss, nats",
    "Held-out loss, nats",
    "Held-out loss, bits",
    "Learning rate",
    "Roll-backs",
  ],
  data.history.map((row) => [
    `${row.epoch}`,
    lossText(row.loss_nats_per_char),
    lossText(row.val_loss_nats_per_char),
    bitsText(row.val_loss_nats_per_char),
    `${row.learning_rate}`,
    `${row.num_rollbacks}`,
  ]),
);
fillTable(
  byId("baseline-table"),
  ["Without a network", "Held-out loss, nats", "Held-out loss, bits"],
  data.baselines.map((row) => [row.name, lossText(row.loss_nats_per_char), bitsText(row.loss_nats_per_char)]),
);
byId("baselines").hidden = !data.baselines.length;

byId("score").append(
  ...Object.entries(data.score_labels).map(([name, label]) => element("option", { value: name }, label)),
);
byId("quality").hidden = !Object.keys(data.score_labels).length;

function showEpoch(epoch) {
  const numPrompts = Math.max(
    ...data.temperatures.map(
      (t) => data.samples.filter((sample) => sample.epoch === epoch && sample.temperature === t).length,
    ),
  );
  const select = byId("prompt-number");
  if (select.length !== numPrompts) {
    select.replaceChildren(
      ...Array.from({ length: numPrompts }, (_, i) => element("option", { value: i }, `${i + 1}`)),
    );
  }
  byId("which-prompt").hidden = numPrompts < 2;
  showCards(data, epoch, Number(select.value));
  drawCurves(epoch);
}

function drawCurves(epoch) {
  const pick = (picked) => timeline.moveTo(picked);
  drawLosses(data, epoch, pick);
  if (!byId("quality").hidden) drawQuality(data, epoch, pick);
}

const timeline = new Timeline(data, showEpoch);
const KINDS = ["unreal", "copied", "lines"];
for (const kind of KINDS) byId(`show-${kind}`).addEventListener("change", showMarks);

function showMarks() {
  for (const kind of KINDS) document.body.classList.toggle(`with-${kind}`, byId(`show-${kind}`).checked);
}

byId("prompt-number").addEventListener("change", () => showEpoch(timeline.epoch));
byId("score").addEventListener("change", () => drawCurves(timeline.epoch));
new ResizeObserver(() => drawCurves(timeline.epoch)).observe(byId("loss-plot"));
showMarks();
timeline.moveTo(data.epochs[0]);
const playground = new Playground(data, network);

// who comes back to the page finds the fields as they were left, by the browser: what they show goes with them
addEventListener("pageshow", (event) => {
  if (event.persisted) return; // the whole page is as it was
  showMarks();
  timeline.moveTo(data.epochs[byId("epoch").valueAsNumber]);
  playground.startOver();
});
