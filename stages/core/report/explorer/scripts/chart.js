// A line chart by epoch. The plot fills its container; the epoch slider's knob stands under its epoch (sliders.css).

const CHART = { left: 52, right: 11, top: 14, bottom: 22 };
const LINE_HEIGHT = 14;

// lines: [{ name, points: [[epoch, value], ...], class, hue }], a value that is null is a gap
// levels: [{ name, value }], dashed lines across; marks: [{ epoch, value, name, class }]
// current: the epoch shown; pick(epoch): called when one is pointed at; format(value): how values are written
// label: what a screen reader says; cutsCollapse: whether values far above all others are left out
function drawChart(
  plot,
  { lines, levels = [], marks = [], epochs, current, format, pick, label, cutsCollapse = false },
) {
  const width = plot.clientWidth;
  const height = plot.clientHeight;
  const inner = width - CHART.left - CHART.right;
  const [low, high] = valueRange(lines, levels, cutsCollapse);
  const [first, last] = [epochs[0], epochs.at(-1)];
  const x = (epoch) => CHART.left + inner * (first === last ? 0 : (epoch - first) / (last - first));
  const y = (value) =>
    CHART.top + (height - CHART.top - CHART.bottom) * (1 - (Math.min(value, high) - low) / (high - low));

  const svg = svgElement("svg", { width, height: height, role: "img", "aria-label": label });
  const valueTicks = ticks(low, high, height / 50);
  const across = { x1: CHART.left - CHART.right, x2: width };
  for (const tick of valueTicks) {
    svg.append(svgElement("line", { class: "grid", ...across, y1: y(tick), y2: y(tick) }));
    const at = { x: across.x1 - 6, y: y(tick) + 4, "text-anchor": "end" };
    svg.append(svgElement("text", { class: "tick", ...at }, format(tick)));
  }
  for (const tick of ticks(first, last, width / 90).filter(Number.isInteger)) {
    svg.append(svgElement("text", { class: "tick", x: x(tick), y: height - 4, "text-anchor": "middle" }, `${tick}`));
  }
  const corner = { x: across.x1 - 6, y: height - 4, "text-anchor": "end" };
  svg.append(svgElement("text", { class: "tick", ...corner }, "epoch"));
  for (const level of levels)
    svg.append(svgElement("line", { class: "level", ...across, y1: y(level.value), y2: y(level.value) }));
  // a single one needs no name: the legend has it
  if (levels.length > 1) svg.append(...levelNames(levels, lines, y, width));
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
  for (const mark of marks)
    svg.append(markAt(mark, x(mark.epoch), mark.value === undefined ? y(low) : y(mark.value)));

  const pointed = (event) => {
    const share = (event.clientX - plot.getBoundingClientRect().left - CHART.left) / inner;
    const target = first + share * (last - first);
    pick(epochs.reduce((best, epoch) => (Math.abs(epoch - target) < Math.abs(best - target) ? epoch : best)));
  };
  // captured by the plot: the drawing under a finger is replaced while it moves
  plot.onpointerdown = (event) => (plot.setPointerCapture(event.pointerId), pointed(event));
  plot.onpointermove = (event) => plot.hasPointerCapture(event.pointerId) && pointed(event);
  if (isCutOff(lines, high))
    svg.append(svgElement("text", { class: "tick", x: width, y: 10, "text-anchor": "end" }, `above ${format(Number(high.toPrecision(2)))}: not drawn`));
  plot.replaceChildren(svg);
}

// The names of levels at their right end: those too close together in one place, on the side away from the curves.
function levelNames(levels, lines, y, width) {
  const groups = [];
  for (const level of [...levels].sort((a, b) => b.value - a.value)) {
    const near = groups.at(-1);
    if (near && y(level.value) - y(near.at(-1).value) < LINE_HEIGHT) near.push(level);
    else groups.push([level]);
  }
  const ends = lines.map((line) => line.points.at(-1)[1]).filter(isValue).map(y);
  const room = (at) => Math.min(...ends.map((end) => Math.abs(end - (at - 4))));
  return groups.map((group) => {
    const [above, below] = [y(group[0].value) - 5, y(group.at(-1).value) + LINE_HEIGHT];
    const at = { x: width, y: room(below) > room(above) ? below : above, "text-anchor": "end" };
    return svgElement("text", { class: "tick", ...at }, group.map((level) => level.name).join(", "));
  });
}

function markAt({ name, class: kind }, x, y) {
  const group = svgElement("g", { class: kind });
  if (kind === "rollback") {
    group.append(
      svgElement("line", { x1: x, x2: x, y1: 4, y2: y }),
      svgElement("path", { d: `M${x - 5},4h10l-5,8z` }),
    );
  } else {
    group.append(svgElement("path", { d: `M${x},${y - 7}l7,7l-7,7l-7,-7z` }));
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

// From the lowest value to the highest. A loss that collapses, far above all others, is drawn up to three times the
// lowest value only.
function valueRange(lines, levels, cutsCollapse) {
  const values = lines.flatMap((line) => line.points.map(([, value]) => value)).filter(isValue);
  const all = values.concat(levels.map((level) => level.value));
  if (all.length === 0) return [0, 1];
  const low = Math.min(...all);
  const highest = cutsCollapse && low > 0 ? Math.max(3 * low, ...levels.map((level) => level.value)) : Infinity;
  const high = Math.min(Math.max(...all), highest);
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
