// A line chart by epoch. The plot fills its container, `inset` from both sides, as the epoch slider's knob does.

const CHART = { inset: 11, top: 14, bottom: 22 };

// lines: [{ name, points: [[epoch, value], ...], class, hue }], a value that is null is a gap
// levels: [{ name, value }], dashed lines across; marks: [{ epoch, value, name, class }]
// current: the epoch shown; pick(epoch): called when one is pointed at; format(value): how values are written
// label: what a screen reader says
function drawChart(plot, { lines, levels = [], marks = [], epochs, current, format, pick, label }) {
  const width = plot.clientWidth;
  const height = plot.clientHeight;
  const [low, high] = valueRange(lines, levels);
  const [first, last] = [epochs[0], epochs.at(-1)];
  const x = (epoch) =>
    CHART.inset + (width - 2 * CHART.inset) * (first === last ? 0.5 : (epoch - first) / (last - first));
  const y = (value) =>
    CHART.top + (height - CHART.top - CHART.bottom) * (1 - (Math.min(value, high) - low) / (high - low));

  const svg = svgElement("svg", { width, height: height, role: "img", "aria-label": label });
  const valueTicks = ticks(low, high, height / 50);
  for (const tick of valueTicks)
    svg.append(svgElement("line", { class: "grid", x1: 0, x2: width, y1: y(tick), y2: y(tick) }));
  for (const tick of ticks(first, last, width / 90).filter(Number.isInteger)) {
    const anchor = tick === first ? "start" : tick === last ? "end" : "middle";
    const at = anchor === "start" ? 0 : anchor === "end" ? width : x(tick);
    svg.append(svgElement("text", { class: "tick", x: at, y: height - 4, "text-anchor": anchor }, `${tick}`));
  }
  for (const level of levels) {
    svg.append(
      svgElement("line", { class: "level", x1: 0, x2: width, y1: y(level.value), y2: y(level.value) }),
    );
  }
  svg.append(svgElement("line", { class: "current", x1: x(current), x2: x(current), y1: 4, y2: y(low) }));
  for (const line of lines) {
    const style = line.hue === undefined ? "" : `--hue: ${line.hue}`;
    svg.append(svgElement("path", { class: `line ${line.class}`, style, d: path(line.points, x, y) }));
    const value = line.points.find(([epoch]) => epoch === current)?.[1];
    if (isValue(value))
      svg.append(
        svgElement("circle", { class: `dot ${line.class}`, style, cx: x(current), cy: y(value), r: 4.5 }),
      );
  }
  for (const tick of valueTicks)
    svg.append(svgElement("text", { class: "tick", x: 0, y: y(tick) - 4 }, format(tick)));
  for (const mark of marks)
    svg.append(markAt(mark, x(mark.epoch), mark.value === undefined ? y(low) : y(mark.value), width));

  const pointed = (event) => {
    const share =
      (event.clientX - plot.getBoundingClientRect().left - CHART.inset) / (width - 2 * CHART.inset);
    const target = first + share * (last - first);
    pick(epochs.reduce((best, epoch) => (Math.abs(epoch - target) < Math.abs(best - target) ? epoch : best)));
  };
  // captured by the plot: the drawing under a finger is replaced while it moves
  plot.onpointerdown = (event) => (plot.setPointerCapture(event.pointerId), pointed(event));
  plot.onpointermove = (event) => plot.hasPointerCapture(event.pointerId) && pointed(event);
  if (isCutOff(lines, high))
    svg.append(svgElement("text", { class: "tick", x: width, y: 10, "text-anchor": "end" }, "cut off here"));
  plot.replaceChildren(svg);
}

function markAt({ name, class: kind }, x, y, width) {
  const anchor = x < 60 ? "start" : x > width - 60 ? "end" : "middle";
  const group = svgElement("g", { class: kind });
  if (kind === "rollback") {
    group.append(
      svgElement("line", { x1: x, x2: x, y1: 4, y2: y }),
      svgElement("path", { d: `M${x - 5},4h10l-5,8z` }),
    );
  } else {
    group.append(
      svgElement("path", { d: `M${x},${y - 7}l7,7l-7,7l-7,-7z` }),
      svgElement("text", { x, y: y - 14, "text-anchor": anchor }, name),
    );
  }
  group.append(svgElement("title", {}, name));
  return group;
}

function path(points, x, y) {
  let pen = "M";
  let d = "";
  for (const [epoch, value] of points) {
    d += isValue(value) ? `${pen}${x(epoch).toFixed(1)},${y(value).toFixed(1)}` : "";
    pen = isValue(value) ? "L" : "M";
  }
  return d;
}

// From the lowest value to the highest; a collapse, far above all the rest, is cut off at three times the lowest.
function valueRange(lines, levels) {
  const values = lines.flatMap((line) => line.points.map(([, value]) => value)).filter(isValue);
  const all = values.concat(levels.map((level) => level.value));
  if (all.length === 0) return [0, 1];
  const low = Math.min(...all);
  const high = Math.min(
    Math.max(...all),
    low > 0 ? Math.max(3 * low, ...levels.map((level) => level.value)) : Infinity,
  );
  const margin = 0.08 * (high - low) || 0.5;
  return [low - margin, high + margin];
}

function isCutOff(lines, high) {
  return lines.some((line) => line.points.some(([, value]) => isValue(value) && value > high));
}

function ticks(low, high, count) {
  const rough = (high - low) / Math.max(1, count) || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough);
  const made = [];
  for (let i = Math.ceil(low / step); i * step <= high; i++) made.push(Number((i * step).toPrecision(10)));
  return made;
}

function isValue(value) {
  return Number.isFinite(value);
}
