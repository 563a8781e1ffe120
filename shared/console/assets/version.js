// One version: how good it is, what it goes by and what it was made from; and
// its report, which is shown in a frame that may do nothing.

import { t, said, language } from "./words.js";
import { h, head, link, seg, name, code, when, badge, figure, number, bytes, section, facts, button } from "./ui.js";
import * as client from "./client.js";
import { metricName, promote } from "./model.js";
import { weights } from "./charts.js";
import { curl } from "./curl.js";

export async function version({ model, version: n, signal }) {
  const where = client.path("models", model, "versions", n);
  const [v, card] = await Promise.all([client.get(where, { signal }), client.get(where + "/card", { signal })]);
  const again = () => dispatchEvent(new HashChangeEvent("hashchange"));
  return [
    head([t("version.title", { n: v.version }), " ", badge(v.status)], {
      above: [link("models", t("nav.models")), " / ", link("models/" + seg(model), name(model))],
      below: v.aliases.length ? h("p", null, v.aliases.map((a) => h("span", { class: "alias" }, name(a)))) : null,
      actions: [link(`models/${seg(model)}/versions/${v.version}/report`, t("report")), client.may("admin", model) ? button(t("promote.go"), () => promote(model, v.version, again)) : null,
        h("a", { href: `#/play/${seg(model)}?version=${v.version}`, class: "button primary" }, t("play.go"))],
    }),
    v.gate.promotion === "held" ? h("p", { class: "notice" }, t("gate.held") + " ", v.gate.detail ? said(v.gate.detail) : code(v.gate.reason || "")) : null,
    (card.warnings || []).map((w) => h("p", { class: "notice" }, said(w))),
    section(t("held_out"), tiles(card.held_out || {})),
    card.top_features?.length ? section(t("drives"), h("p", { class: "note" }, t("drives.text")), drives(card.top_features)) : null,
    section(t("made"), facts([
      [t("task"), t("task." + v.task)], [t("algorithm"), v.algorithm], [t("chosen"), card.chosen ? code(JSON.stringify(card.chosen)) : null],
      [t("rows"), card.data.rows ? t("rows.account", { read: number(card.data.rows.read), trained: number(card.data.rows.trained), held: number(card.data.rows.held_out), rejected: number(card.data.rows.rejected) }) : null],
      [t("dataset"), v.lineage.dataset ? link("data/" + v.lineage.dataset, code(v.lineage.dataset)) : code(v.lineage.source)],
      [t("job"), link("jobs/" + v.lineage.job, code(v.lineage.job))], [t("seed"), String(v.lineage.seed)], [t("code"), code(v.lineage.code, 16)],
      [t("created"), when(v.created_at)], [t("size"), bytes(v.size)], [t("digest"), code(v.digest)],
    ])),
    section(t("call"), h("p", { class: "note" }, t("call.text")), curl("GET", where), h("details", null, h("summary", null, t("signature")), h("pre", { tabindex: "0" }, JSON.stringify(v.signature, null, 2)))),
  ];
}

const most = 20000; // px; a longer report scrolls in its frame

/** tiles are the figures one looks at first. */
function tiles(held) {
  const order = ["macro_f1", "accuracy", "rmse", "r2", "mae", "precision", "recall", "loss", "ece", "baseline", "rows"].filter((m) => m in held);
  return h("dl", { class: "tiles" }, order.map((m) => h("div", null, h("dt", null, metricName(m)),
    h("dd", null, figure(m, held[m].value), held[m].low !== undefined ? h("small", { class: "interval" }, figure(m, held[m].low), "–", figure(m, held[m].high)) : null))));
}

/** drives shows what speaks for and against each class. */
function drives(classes) {
  const shown = classes.slice(0, 200);
  return h("div", { class: "drives" }, shown.map((c, i) => h("details", { open: i === 0 }, h("summary", null, c.label === undefined ? t("answer") : name(c.label, "clip")),
    weights([...c.for, ...c.against].map((f) => ({ text: f.feature, weight: f.weight })), 20))));
}

/** report fetches the report with the key and hands it to a frame of an origin of its own. */
export async function report({ model, version: n, signal }) {
  const page = await client.text(client.path("models", model, "versions", n, "report"), { signal, accept: "text/html", query: { lang: language() } });
  const frame = h("iframe", { src: new URL("frame.html", import.meta.url).href, sandbox: "allow-scripts", title: t("report"), class: "report", "aria-busy": "true" });
  const hear = (e) => {
    if (e.source !== frame.contentWindow) return;
    // The frame's origin is opaque, so "*" is the only target that reaches it.
    if (e.data === "ready") frame.contentWindow.postMessage(page, "*");
    if (e.data === "shown") frame.removeAttribute("aria-busy");
  };
  addEventListener("message", hear);
  const file = URL.createObjectURL(new Blob([page], { type: "text/html" }));
  signal.addEventListener("abort", () => {
    removeEventListener("message", hear);
    URL.revokeObjectURL(file);
  });
  const at = "models/" + seg(model);
  return [
    head(t("report"), {
      above: [link("models", t("nav.models")), " / ", link(at, name(model)), " / ", link(`${at}/versions/${n}`, t("version.n", { n }))],
      actions: h("a", { href: file, download: `${model}-${n}.html`, class: "button" }, t("report.save")),
    }),
    frame,
  ];
}
