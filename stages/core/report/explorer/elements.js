// Elements made and named, numbers written for people. Text goes in as text only, never as HTML.

function byId(id) {
  return document.getElementById(id);
}

// element("p", { class: "note" }, "text", otherElement)
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  return filled(made, attributes, children);
}

function svgElement(name, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// The first text of each row is its head.
function fillTable(table, heads, rows) {
  table.append(
    element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, head)))),
    element(
      "tbody",
      {},
      ...rows.map(([head, ...texts]) =>
        element(
          "tr",
          {},
          element("th", { scope: "row" }, head),
          ...texts.map((text) => element("td", {}, text)),
        ),
      ),
    ),
  );
}

function counted(count, one, many) {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

function temperatureName(temperature) {
  if (temperature === 0) return "0";
  if (temperature === Infinity) return "∞";
  return Number.isInteger(temperature) ? temperature.toFixed(1) : String(temperature);
}

function temperatureNote(temperature) {
  if (temperature === 0) return "greedy: always the likeliest character";
  if (temperature === Infinity) return "uniform: every character equally likely";
  return "";
}

function characterName(character) {
  const name = {
    " ": "space",
    "\n": "line break",
    "\t": "tab",
    "\r": "carriage return",
    "\u00a0": "hard space",
  }[character];
  if (name) return name;
  // what cannot be seen, or not alone
  const isShown = !/[\p{C}\p{M}\p{Z}]/u.test(character);
  return isShown ? character : `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
}

function characterGlyph(character) {
  return { " ": "␣", "\n": "↵", "\t": "⇥", "\r": "␍", "\u00a0": "⍽" }[character] ?? character;
}

// Hues from blue for the lowest temperature, through violet, to orange for the highest.
function temperatureHue(temperatures, temperature) {
  const place = temperatures.indexOf(temperature) / Math.max(1, temperatures.length - 1);
  return Math.round(250 + 155 * place) % 360;
}

function scoreText(name, value) {
  if (value === undefined || value === null) return "–";
  if (name.endsWith("_fraction")) return `${(100 * value).toFixed(1)} %`;
  return String(Number(value.toPrecision(3)));
}
