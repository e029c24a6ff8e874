// The legend of a chart: what each line is, and its value at the epoch shown.

// entries: [{ name, value, class, hue, shape }], shape: line (the default), level, rollback or best
function drawLegend(list, entries) {
  list.replaceChildren(
    ...entries.map(({ name, value, class: kind = "", hue, shape = "line" }) => {
      const swatch = svgElement("svg", { width: 28, viewBox: "0 0 28 12", "aria-hidden": "true" });
      const style = hue === undefined ? "" : `--hue: ${hue}`;
      if (shape === "rollback")
        swatch.append(svgElement("g", { class: shape }, svgElement("path", { d: "M9,2h10l-5,8z" })));
      else if (shape === "best")
        swatch.append(svgElement("g", { class: shape }, svgElement("path", { d: "M14,0l6,6l-6,6l-6,-6z" })));
      else swatch.append(svgElement("path", { class: `${shape} ${kind}`, style, d: "M0,6h28" }));
      const item = element("li", {}, swatch, element("span", {}, name));
      if (value !== undefined) item.append(element("b", {}, value));
      return item;
    }),
  );
}
