// Makes elements; names characters and numbers for people. Text goes in as text only, never as HTML.

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

// The first text of each row is its header.
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

// The name of a token: what cannot be seen has a name or a number.
function tokenName(text) {
  const name = { " ": "space", "\n": "line break", "\t": "tab", "\r": "carriage return", "\u00a0": "no-break space" }[text];
  if (name) return name;
  if (Array.from(text).length > 1) return tokenGlyph(text);
  const isShown = !/[\p{C}\p{M}\p{Z}]/u.test(text);
  return isShown ? text : isByte(text) ? visible(text) : codePoint(text);
}

function tokenGlyph(text) {
  const glyphs = { " ": "␣", "\n": "↵", "\t": "⇥", "\r": "␍", "\u00a0": "⍽" };
  return visible(Array.from(text, (character) => glyphs[character] ?? character).join(""));
}

function codePoint(character) {
  return `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
}

// Text with each control, escape or bidirectional character as its escape, as stages/core/text/visible.py shows it.
function visible(text) {
  return text.replace(HARMFUL, (character) => {
    const point = character.codePointAt(0) - (isByte(character) ? ESCAPE : 0);
    if (point < 0x100) return `\\x${hex(point, 2)}`;
    return point < 0x10000 ? `\\u${hex(point, 4)}` : `\\U${hex(point, 8)}`;
  });
}

const HARMFUL =
  /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{d800}-\u{dfff}\uef80-\uefff\ufdd0-\ufdef\ufffe\uffff\u{e0000}-\u{e007f}]/gu;

function hex(number, length) {
  return number.toString(16).padStart(length, "0");
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
