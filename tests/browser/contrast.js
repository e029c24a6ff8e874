// The contrast of every visible text with what lies under it, by WCAG 2.2, and the luminance of the paper.
const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

function luminance(color) {
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  const [r, g, b] = Array.from(context.getImageData(0, 0, 1, 1).data, (byte) => {
    const share = byte / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function background(element) {
  for (let under = element; under; under = under.parentElement) {
    const color = getComputedStyle(under).backgroundColor;
    if (color !== "rgba(0, 0, 0, 0)") return color;
  }
  return "Canvas";
}

const texts = [];
for (const element of document.body.querySelectorAll("*")) {
  const ownText = Array.from(element.childNodes).some((node) => node.nodeType === 3 && node.data.trim());
  if (!ownText || !element.checkVisibility() || element.closest("script")) continue;
  const style = getComputedStyle(element);
  const [a, b] = [
    luminance(element instanceof SVGElement ? style.fill : style.color),
    luminance(background(element)),
  ];
  texts.push({
    text: element.textContent.slice(0, 30),
    contrast: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05),
  });
}
return { texts, paper: luminance(getComputedStyle(document.body).backgroundColor) };
