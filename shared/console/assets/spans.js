// The words that spoke for and against, coloured in the text.

import { t } from "./words.js";
import { h, number } from "./ui.js";

/**
 * pieces cuts a text where weights change. Spans count Unicode code points, not
 * JavaScript's UTF-16 units, and may overlap: then their weights add up.
 * It returns [{text, weight}], whose texts joined are the text.
 */
export function pieces(text, spans) {
  const points = Array.from(text);
  const change = new Float64Array(points.length + 1);
  const edge = new Uint8Array(points.length + 1);
  for (const { start, end, weight } of spans) {
    if (!(start >= 0 && end > start && end <= points.length)) continue;
    change[start] += weight;
    change[end] -= weight;
    edge[start] = edge[end] = 1;
  }
  const out = [];
  let weight = 0, from = 0;
  for (let i = 0; i <= points.length; i++) {
    if (i === points.length || edge[i]) {
      if (i > from) out.push({ text: points.slice(from, i).join(""), weight: Math.abs(weight) < 1e-12 ? 0 : weight });
      from = i;
    }
    weight += change[i];
  }
  return out;
}

/** coloured shows the text with what counted marked by colour and by line. */
export function coloured(text, spans) {
  const cut = pieces(text, spans);
  const greatest = Math.max(...cut.map((p) => Math.abs(p.weight)), 1e-12);
  return h("p", { class: "coloured", dir: "auto" }, cut.map((p) => (p.weight === 0 ? p.text : h("span", {
    class: p.weight > 0 ? "for" : "against", vars: { "--share": String(Math.abs(p.weight) / greatest) },
    title: `${t(p.weight > 0 ? "for" : "against")} ${number(Math.abs(p.weight), 3)}`,
  }, p.text))));
}
