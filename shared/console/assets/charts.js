// Charts as SVG: with a title, axes, and the same figures as a table for
// whoever cannot see them.

import { t } from "./words.js";
import { h, s, name, number } from "./ui.js";

const W = 640, H = 220, L = 52, R = 12, T = 12, B = 30;

/** ticks are round numbers over a range, at least so far apart. */
function ticks(low, high, least = 0) {
  if (!(high > low)) return [low];
  const raw = Math.max((high - low) / 4, least), power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((m) => m * power >= raw);
  const out = [];
  for (let v = Math.ceil(low / step - 1e-9) * step; v <= high + step * 1e-9; v += step) out.push(Number(v.toPrecision(12)));
  return out;
}

/** frame draws axes and what plot returns in their coordinates, over a table of the figures; spread leaves
 * room at the ends, scaled places xs by what they are and not by their order. */
function frame({ title, x, y, low, high, xs, format, plot, rows, legend, spread, scaled, least }) {
  const id = "c" + Math.random().toString(36).slice(2);
  const share = (i) => (spread ? (i + 0.5) / xs.length : xs.length < 2 ? 0.5 : scaled ? (xs[i] - xs[0]) / (xs.at(-1) - xs[0]) : i / (xs.length - 1));
  const at = { x: (i) => L + share(i) * (W - L - R), y: (v) => H - B - ((v - low) / (high - low || 1)) * (H - T - B) };
  const every = Math.max(1, Math.ceil(xs.length / 10));
  return h("figure", { class: "chart" },
    s("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-labelledby": id }, s("title", { id }, `${title}. ${x}; ${y}`),
      ticks(low, high, least).map((v) => [s("line", { class: "grid", x1: L, x2: W - R, y1: at.y(v), y2: at.y(v) }), s("text", { class: "tick", x: L - 6, y: at.y(v) + 4, "text-anchor": "end" }, format(v))]),
      xs.map((v, i) => i % every ? null : s("text", { class: "tick", x: at.x(i), y: H - B + 18, "text-anchor": "middle" }, String(v))),
      plot(at)),
    h("figcaption", null, h("strong", null, title), " ", h("span", { class: "note" }, y)),
    legend, h("details", null, h("summary", null, t("chart.table")), rows()));
}

/** lines draws series [{name, values, dots}] over xs; null values leave gaps. No axis goes past most. */
export function lines({ title, x, y, xs, series, from, to, scaled, most = Infinity, format = (v) => number(v, 2) }) {
  const known = series.flatMap((one) => one.values).filter((v) => v !== null);
  const spread = Math.max(...known) - Math.min(...known) || Math.abs(known[0]) * 0.1 || 1;
  const low = from ?? Math.min(...known) - spread * 0.05, high = Math.min(most, to ?? Math.max(...known) + spread * 0.05);
  return frame({ title, x, y, low, high, xs, scaled, format, rows: () => figures(title, x, xs, series, format), plot: (at) => series.map((one, n) => [
    one.dots ? null : s("path", { class: "series s" + n, d: path(one.values, at) }),
    one.dots || xs.length < 40 ? one.values.map((v, i) => (v === null ? null : s("circle", { class: "dot s" + n, cx: at.x(i), cy: at.y(v), r: one.dots ? 2.5 : 3 }))) : null,
  ]), legend: series.length > 1 ? h("p", { class: "legend" }, series.map((one, n) => h("span", { class: "key s" + n }, one.name))) : null });
}

function path(values, at) {
  let d = "", pen = "M";
  values.forEach((v, i) => {
    if (v === null) { pen = "M"; return; }
    d += `${pen}${at.x(i).toFixed(1)} ${at.y(v).toFixed(1)}`;
    pen = "L";
  });
  return d;
}

/** columns draws one bar for each of xs. */
export function columns({ title, x, y, xs, values, format = (v) => number(v) }) {
  const high = Math.max(1, ...values), wide = Math.min(36, ((W - L - R) / xs.length) * 0.7);
  return frame({ title, x, y, low: 0, high, xs, format, spread: true, least: 1, rows: () => figures(title, x, xs, [{ name: y, values }], format),
    plot: (at) => values.map((v, i) => s("rect", { class: "bar s0", x: at.x(i) - wide / 2, y: at.y(v), width: wide, height: H - B - at.y(v) })) });
}

const figures = (title, x, xs, series, format) => h("div", { class: "scroll", role: "group", "aria-label": title, tabindex: "0" }, h("table", null, h("thead", null, h("tr", null, h("th", { scope: "col" }, x), series.map((one) => h("th", { scope: "col", class: "right" }, one.name)))),
  h("tbody", null, xs.map((v, i) => h("tr", null, h("th", { scope: "row" }, String(v)), series.map((one) => h("td", { class: "right" }, one.values[i] === null ? "–" : format(one.values[i]))))))));

/** bars shows shares as a list of bars: [{label, share, text, mark}]. */
export const bars = (items) => h("ol", { class: "bars" }, items.map((b) => h("li", { class: b.mark ? "mark" : null },
  h("span", { class: "what" }, name(b.label, "clip")), h("span", { class: "track", "aria-hidden": "true" }, h("span", { class: "fill", vars: { "--share": String(Math.max(0, Math.min(1, b.share))) } })), h("span", { class: "much" }, b.text))));

/** weights shows what spoke for and against, on both sides of a line: [{text, weight, note}]. */
export function weights(items, most = 12) {
  const sorted = items.toSorted((a, b) => Math.abs(b.weight) - Math.abs(a.weight)).slice(0, most).sort((a, b) => b.weight - a.weight);
  const greatest = Math.max(...sorted.map((w) => Math.abs(w.weight)), 1e-12);
  return h("ul", { class: "weights" }, sorted.map((w) => h("li", { class: w.weight < 0 ? "against" : "for" },
    h("span", { class: "what" }, name(w.text, "clip"), w.note ? h("small", null, " ", name(w.note, "clip")) : null),
    h("span", { class: "track", "aria-hidden": "true" }, h("span", { class: "fill", vars: { "--share": String(Math.abs(w.weight) / greatest) } })),
    h("span", { class: "much" }, h("span", { class: "unseen" }, t(w.weight < 0 ? "against" : "for") + " "), (w.weight < 0 ? "−" : "+") + number(Math.abs(w.weight), 3)))));
}
