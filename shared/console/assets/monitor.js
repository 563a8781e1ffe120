// How a model's versions do at work.

import { t } from "./words.js";
import { h, table, number, percent, section, figure, name, input } from "./ui.js";
import * as client from "./client.js";
import { lines, columns } from "./charts.js";
import { top } from "./model.js";

export async function monitor({ model, query, signal }) {
  const from = input({ type: "date", value: query.get("from") || "", "aria-label": t("from") }), to = input({ type: "date", value: query.get("to") || "", "aria-label": t("to") });
  const again = () => { location.hash = `#/models/${encodeURIComponent(model)}/monitor?from=${from.value}&to=${to.value}`; };
  from.addEventListener("change", again);
  to.addEventListener("change", again);
  const m = await client.get(client.path("models", model, "monitor"), { signal, query: { from: query.get("from"), to: query.get("to") } });
  return [top(model, "/monitor"), h("div", { class: "bar" }, from, "–", to, h("span", { class: "note" }, t("monitor.approximate"))),
    m.versions.length ? m.versions.map(one) : h("p", { class: "empty" }, t("monitor.none"))];
}

function one(v) {
  const days = v.days.map((d) => d.day.slice(5));
  const c = v.total;
  return section(t("version.n", { n: v.version }) + (v.aliases.length ? " · " + v.aliases.join(", ") : ""),
    h("dl", { class: "tiles" }, [
      [t("requests"), number(c.requests)], [t("rows"), number(c.rows)], [t("errors"), number(c.errors)], [t("abstained"), number(c.abstained)],
      [t("mean_score"), c.mean_score === null ? "–" : percent(c.mean_score)], [t("feedback"), number(c.feedback)],
      v.accuracy?.rows ? [t("live"), percent(v.accuracy.live.value), t("verdict." + v.accuracy.verdict)] : null,
      v.error ? [t("metric.rmse"), figure("rmse", v.error.rmse.value), t("verdict." + v.error.verdict)] : null,
    ].filter(Boolean).map(([k, x, note]) => h("div", null, h("dt", null, k), h("dd", null, x, note ? h("small", { class: "interval" }, note) : null)))),
    h("div", { class: "pair" },
      h("div", null, columns({ title: t("monitor.rows"), x: t("day"), y: t("rows"), xs: days, values: v.days.map((d) => d.rows) })),
      h("div", null, columns({ title: t("monitor.scores"), x: t("score"), y: t("rows"), xs: c.scores.map((_, i) => number(i / 10, 1)), values: c.scores }))),
    v.days.some((d) => d.accuracy) ? lines({ title: t("live"), x: t("day"), y: t("metric.accuracy"), xs: days, from: 0, to: 1, format: (x) => percent(x, 0), series: [{ name: t("live"), values: v.days.map((d) => d.accuracy?.value ?? null) }] }) : null,
    v.drift ? table(t("drift"), [{ title: t("drift") }, { title: "PSI", right: true }, { title: t("chance"), right: true }, { title: t("drift.band") }, { title: t("rows"), right: true }],
      [["labels", v.drift.labels], ["scores", v.drift.scores]].filter(([, d]) => d).map(([k, d]) => [t("drift." + k), number(d.psi, 3), number(d.chance, 3), h("span", { class: "badge " + d.band }, t("band." + d.band)), number(d.rows)])) : null,
    v.mistakes.length ? table(t("mistakes"), [{ title: t("true_label") }, { title: t("answered") }, { title: t("rows"), right: true }], v.mistakes.map((m) => [name(m.label), name(m.predicted), number(m.rows)])) : null,
    v.new_labels.length ? table(t("new_labels"), [{ title: t("new_labels") }, { title: t("rows"), right: true }], v.new_labels.map((m) => [name(m.label), number(m.rows)])) : null);
}
