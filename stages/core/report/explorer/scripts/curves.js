// The two charts of the page: the losses, and one score at each temperature.

function bitsText(bits) {
  return isValue(bits) ? bits.toFixed(3) : "–";
}

function drawLosses(data, epoch, pick) {
  const row = data.history.find((candidate) => candidate.epoch === epoch);
  const best = data.history.find((candidate) => candidate.epoch === data.best_epoch);
  const lines = [
    {
      name: "on the text it learns from",
      class: "training",
      points: data.history.map((r) => [r.epoch, r.bits]),
    },
    {
      name: "on held-out text",
      class: "validation",
      points: data.history.map((r) => [r.epoch, r.val_bits]),
    },
  ];
  // what the network has passed within one epoch would only flatten the curves
  const start = Math.max(...lines.map((line) => line.points[0][1]).filter(isValue));
  const levels = data.baselines
    .map((baseline) => ({ name: baseline.name, value: baseline.bits }))
    .filter((level) => !isValue(start) || level.value <= start);
  const rollbacks = data.history.filter((candidate) => candidate.num_rollbacks > 0);
  const marks = rollbacks.map((r) => ({
    epoch: r.epoch,
    class: "rollback",
    name: `Epoch ${r.epoch}: rolled back, learning rate ${r.learning_rate}`,
  }));
  if (isValue(best?.val_bits)) {
    marks.push({
      epoch: best.epoch,
      value: best.val_bits,
      class: "best",
      name: `best epoch: ${best.epoch}`,
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
    value: bitsText([row?.bits, row?.val_bits][i]),
  }));
  if (best) entries.push({ name: `best epoch: ${best.epoch}`, shape: "best" });
  if (rollbacks.length) entries.push({ name: "rolled back", shape: "rollback" });
  if (levels.length) entries.push({ name: "on held-out text, without a network", shape: "level" });
  drawLegend(byId("loss-legend"), entries);
}

function lossSummary(history, best, rollbacks) {
  const parts = [`Loss from epoch ${history[0].epoch} to ${history.at(-1).epoch}`];
  parts.push(`on held-out text ${bitsText(history[0].val_bits)} bits per character at first`);
  if (best) parts.push(`${bitsText(best.val_bits)} at the best epoch, ${best.epoch}`);
  parts.push(`${bitsText(history.at(-1).val_bits)} at the end`);
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
  const levels = isValue(human) ? [{ name: "a person’s text", value: human }] : [];
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
  drawLegend(
    byId("quality-legend"),
    entries.map((e) => (e.points ? { ...e, name: `temperature ${e.name}` } : e)),
  );
}
