// The two charts of the page: the losses, and one score at each temperature.

function lossText(nats) {
  return isValue(nats) ? nats.toFixed(3) : "–";
}

function bitsText(nats) {
  return lossText(isValue(nats) ? nats / Math.LN2 : null);
}

function drawLosses(data, epoch, pick) {
  const row = data.history.find((candidate) => candidate.epoch === epoch);
  const best = data.history.find((candidate) => candidate.epoch === data.best_epoch);
  const lines = [
    {
      name: "on the text it learns from",
      class: "training",
      points: data.history.map((r) => [r.epoch, r.loss_nats_per_char]),
    },
    {
      name: "on text held back from it",
      class: "validation",
      points: data.history.map((r) => [r.epoch, r.val_loss_nats_per_char]),
    },
  ];
  // what the network has left behind after one epoch would only press the curves together
  const start = Math.max(...lines.map((line) => line.points[0][1]).filter(isValue));
  const levels = data.baselines
    .map((baseline) => ({ name: baseline.name, value: baseline.loss_nats_per_char }))
    .filter((level) => !isValue(start) || level.value <= start);
  const rollbacks = data.history.filter((candidate) => candidate.num_rollbacks > 0);
  const marks = rollbacks.map((r) => ({
    epoch: r.epoch,
    class: "rollback",
    name: `Epoch ${r.epoch}: rolled back, learning rate ${r.learning_rate}`,
  }));
  if (isValue(best?.val_loss_nats_per_char)) {
    marks.push({
      epoch: best.epoch,
      value: best.val_loss_nats_per_char,
      class: "best",
      name: `best: ${best.epoch}`,
    });
  }
  drawChart(byId("loss-plot"), {
    lines,
    levels,
    marks,
    epochs: data.epochs,
    current: epoch,
    pick,
    format: (value) => String(value),
    cutsCollapse: true,
    label: lossSummary(data.history, best, rollbacks),
  });
  const entries = lines.map((line, i) => ({
    ...line,
    value: lossText([row?.loss_nats_per_char, row?.val_loss_nats_per_char][i]),
  }));
  if (best) entries.push({ name: `best epoch: ${best.epoch}`, shape: "best" });
  if (rollbacks.length) entries.push({ name: "rolled back", shape: "rollback" });
  if (levels.length) entries.push({ name: "on the same, without a network", shape: "level" });
  drawKey(byId("loss-key"), entries);
}

function lossSummary(history, best, rollbacks) {
  const parts = [`Loss from epoch ${history[0].epoch} to ${history.at(-1).epoch}`];
  parts.push(`on held-out text ${lossText(history[0].val_loss_nats_per_char)} nats per character at first`);
  if (best) parts.push(`${lossText(best.val_loss_nats_per_char)} at the best epoch, ${best.epoch}`);
  parts.push(`${lossText(history.at(-1).val_loss_nats_per_char)} at the end`);
  if (rollbacks.length) parts.push(`rolled back in epoch ${rollbacks.map((row) => row.epoch).join(", ")}`);
  return `${parts.join("; ")}.`;
}

function drawQuality(data, epoch, pick) {
  const name = byId("score").value;
  const human = data.human_scores[name];
  const lines = data.temperatures.map((temperature, i) => ({
    name: temperatureName(temperature),
    class: `temperature dash-${i % 4}`,
    hue: temperatureHue(data.temperatures, temperature),
    points: data.scores
      .filter((s) => s.temperature === temperature)
      .map((s) => [s.epoch, s.values[name] ?? null]),
  }));
  const levels = isValue(human) ? [{ name: "people’s own text", value: human }] : [];
  const entries = [...lines, ...levels].map((line) => ({
    ...line,
    shape: line.points ? "line" : "level",
    value: scoreText(name, line.points ? line.points.find(([e]) => e === epoch)?.[1] : line.value),
  }));
  drawChart(byId("quality-plot"), {
    lines,
    levels,
    epochs: data.epochs,
    current: epoch,
    pick,
    format: (value) => (name.endsWith("_fraction") ? `${Math.round(100 * value)} %` : String(value)),
    label: `${data.score_labels[name]} in epoch ${epoch}: ${entries.map((e) => `${e.name} ${e.value}`).join(", ")}.`,
  });
  drawKey(
    byId("quality-key"),
    entries.map((e) => (e.points ? { ...e, name: `temperature ${e.name}` } : e)),
  );
}
