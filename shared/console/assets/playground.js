// Ask a model while typing. Each keystroke ends the request before it; what
// comes late is dropped.

import { t } from "./words.js";
import { h, put, head, link, seg, name, number, percent, input, field, select, check, announce, problem, code } from "./ui.js";
import * as client from "./client.js";
import { bars, weights } from "./charts.js";
import { coloured } from "./spans.js";
import { curl, picture } from "./curl.js";

const pause = 180; // ms without a keystroke before asking

export async function playground({ model, query, signal }) {
  const known = (await client.all("/v1/models", {}, { signal }, 400)).filter((m) => m.latest);
  if (!known.length) return [head(t("nav.play")), h("p", { class: "empty" }, t("play.none"), " ", link("upload", t("upload.go")))];
  const chosen = model || known[0].name;
  const [versions, aliases] = await Promise.all([
    client.all(client.path("models", chosen, "versions"), {}, { signal }, 200), client.get(client.path("models", chosen, "aliases"), { signal }),
  ]);
  const pick = select(known.map((m) => [m.name, m.name]), chosen, { onchange: (e) => { location.hash = "#/play/" + seg(e.target.value); } });
  const which = select([["", t("play.serves")], ...aliases.items.map((a) => ["@" + a.alias, "@" + a.alias]), ...versions.map((v) => [String(v.version), t("version.n", { n: v.version })])], query.get("version") || "");
  const answer = h("div", { class: "answer" }), line = h("div");
  const version = versions.find((v) => String(v.version) === which.value) || versions[0];
  const regression = version?.task === "table-regression";
  const parameters = controls(regression, version?.labels?.length || 1);
  const ask = asker(chosen, which, parameters, answer, line, signal);
  const form = asks(version, ask, signal);
  which.addEventListener("change", () => ask.again());
  parameters.form.addEventListener("input", () => ask.again());
  put(answer, h("p", { class: "empty" }, t("play.empty")));
  return [
    head(t("nav.play"), { below: h("p", { class: "note" }, t("play.text")) }),
    h("div", { class: "grid pick" }, field(t("model"), pick), field(t("version"), which)),
    h("div", { class: "play" }, h("div", { class: "ask" }, form, parameters.form), h("section", { "aria-label": t("answer"), class: "said" }, answer)),
    h("details", { open: true, class: "as-curl" }, h("summary", null, t("play.curl")), line),
  ];
}

/** controls are the parameters of a prediction. */
function controls(regression, classes) {
  const top = h("input", { type: "number", min: 1, max: Math.max(classes, 1), value: Math.min(5, classes) });
  const least = h("input", { type: "range", min: 0, max: 1, step: 0.01, value: 0 });
  const cover = select([["", t("play.noset")], ["0.8", percent(0.8, 0)], ["0.9", percent(0.9, 0)], ["0.95", percent(0.95, 0)], ["0.99", percent(0.99, 0)]], "");
  const explain = check(t("play.explain"), true);
  const shown = h("output", null, percent(0, 0));
  least.addEventListener("input", () => { shown.textContent = percent(Number(least.value), 0); });
  const form = h("div", { class: "controls" },
    regression ? null : field(t("play.top"), top), regression ? null : h("div", { class: "ranged" }, field(t("play.least"), least), shown),
    field(t(regression ? "play.interval" : "play.cover"), cover), explain);
  return { form, read: () => ({
    top_k: regression ? undefined : Number(top.value) || 1, min_score: Number(least.value) || undefined,
    coverage: Number(cover.value) || undefined, explain: explain.querySelector("input").checked || undefined,
  }) };
}

/** asker predicts after a pause in typing and lets only the newest answer through. */
function asker(model, which, parameters, answer, line, signal) {
  let timer, running, last;
  const where = () => {
    const v = which.value;
    if (/^\d+$/.test(v)) return client.path("models", model, "versions", v, "predict");
    return client.path("models", model + v, "predict");
  };
  const go = async () => {
    running?.abort();
    const mine = running = new AbortController();
    signal.addEventListener("abort", () => mine.abort());
    const body = { inputs: [last.input], parameters: parameters.read() };
    put(line, curl("POST", where(), last.file ? { ...body, inputs: [picture] } : body, last.file));
    answer.setAttribute("aria-busy", "true");
    try {
      const said = await client.post(where(), body, { signal: mine.signal });
      if (mine.signal.aborted) return;
      put(answer, result(said, last));
    } catch (err) {
      if (mine.signal.aborted) return;
      put(answer, problem(err));
    }
    answer.removeAttribute("aria-busy");
  };
  const ask = (asked) => {
    clearTimeout(timer);
    last = asked;
    if (asked === null) {
      running?.abort();
      answer.removeAttribute("aria-busy");
      put(answer, h("p", { class: "empty" }, t("play.empty")));
      put(line);
      return;
    }
    timer = setTimeout(go, pause);
  };
  ask.again = () => last && ask(last);
  return ask;
}

/** asks is the control for what the version takes: a text, an image, or columns. */
function asks(version, ask, signal) {
  const inputs = version?.signature?.inputs || [{ name: "text", type: "string" }];
  if (version?.task === "image-classification") return image(ask, signal);
  if (version?.task === "text-classification") {
    const text = h("textarea", { rows: 5, dir: "auto", spellcheck: "false", placeholder: t("play.type") });
    text.addEventListener("input", () => ask(text.value.trim() ? { input: text.value, text: text.value } : null));
    return field(t("play.input"), text);
  }
  const controls = inputs.map((i) => {
    const values = i.enum || i.values || i.categories;
    const c = Array.isArray(values) ? select([["", "–"], ...values.map((v) => [String(v), String(v)])], "") : input({ inputmode: i.type === "number" ? "decimal" : null, dir: "auto", spellcheck: "false" });
    return { of: i, c, field: field(i.name, c, i.type && i.type !== "string" ? i.type : undefined) };
  });
  const read = () => {
    const row = {};
    for (const { of, c } of controls) if (c.value !== "") row[of.name] = of.type === "number" && c.value.trim() !== "" && Number.isFinite(Number(c.value)) ? Number(c.value) : c.value;
    ask(Object.keys(row).length ? { input: row } : null);
  };
  return h("div", { class: "grid", oninput: read }, controls.map((x) => x.field));
}

/** image takes an image by drop or choice and sends it as base64. */
function image(ask, signal) {
  const shown = h("img", { alt: t("play.picture"), class: "picture", hidden: true });
  const file = h("input", { type: "file", id: "picture", accept: "image/png,image/jpeg" });
  const drop = h("div", { class: "drop" }, h("label", { for: "picture" }, t("play.drop")), file, shown);
  const take = async (f) => {
    if (!f) return;
    const raw = new Uint8Array(await f.arrayBuffer());
    let text = "";
    for (let i = 0; i < raw.length; i += 0x8000) text += String.fromCharCode(...raw.subarray(i, i + 0x8000));
    const address = URL.createObjectURL(f);
    signal.addEventListener("abort", () => URL.revokeObjectURL(address));
    shown.src = address;
    shown.hidden = false;
    ask({ input: { b64: btoa(text) }, file: f.name });
  };
  file.addEventListener("change", () => take(file.files[0]));
  drop.addEventListener("dragover", (e) => { e.preventDefault(); drop.classList.add("over"); });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (e) => { e.preventDefault(); drop.classList.remove("over"); take(e.dataTransfer.files[0]); });
  return drop;
}

/** result shows one answer. */
function result(said, asked) {
  const r = said.results[0];
  if (r.error) return h("div", { class: "problem", role: "alert" }, h("p", null, r.error.detail));
  const top = r.value !== undefined
    ? h("p", { class: "label" }, number(r.value, Math.abs(r.value) < 100 ? 3 : 1), r.interval ? h("small", null, ` ${t("play.between", { low: number(r.interval[0], 2), high: number(r.interval[1], 2) })}`) : null)
    : h("p", { class: "label" + (r.abstained ? " abstained" : "") }, name(r.label, "clip"), " ", h("span", { class: "score" }, percent(r.score)));
  announce(r.value !== undefined ? number(r.value, 3) : `${r.abstained ? t("play.abstained") + " " : ""}${r.label.slice(0, 80)} ${percent(r.score)}`);
  return [
    top,
    r.abstained ? h("p", { class: "notice" }, h("strong", null, t("play.abstained")), " ", t("play.abstained.text")) : null,
    asked.text && r.explanation?.spans ? [coloured(asked.text, r.explanation.spans), h("p", { class: "legend" }, h("span", { class: "key for" }, t("for")), h("span", { class: "key against" }, t("against")))] : null,
    r.explanation?.image ? h("img", { class: "saliency", src: "data:image/png;base64," + r.explanation.image.png, alt: t("play.saliency") }) : null,
    r.scores?.length ? bars(r.scores.map((x) => ({ label: x.label, share: x.score, text: percent(x.score), mark: x.label === r.label }))) : null,
    r.set ? h("p", { class: "set" }, h("strong", null, t("play.set")), " ", r.set.length ? r.set.map((l) => h("span", { class: "alias" }, name(l, "clip"))) : t("play.set.empty"), said.set_approximate ? h("small", { class: "note" }, " " + t("play.approximate")) : null) : null,
    r.explanation ? why(r.explanation) : null,
    h("p", { class: "note" }, t("version.n", { n: said.version }), " · ", code(said.variant), said.stale ? [" · ", code(said.stale)] : null),
  ];
}

/** why lists what counted, and how it adds up. */
function why(e) {
  const items = e.columns ? e.columns.map((c) => ({ text: c.column, note: c.value, weight: c.weight })) : joined(e.spans || []);
  if (!items.length) return null;
  return h("details", { open: !!e.columns }, h("summary", null, t("play.why")), weights(items),
    h("p", { class: "note" }, t("play.sum", { baseline: number(e.baseline, 3), margin: number(e.margin, 3), method: e.method })));
}

/** joined adds up what stands in several places of the text. */
function joined(spans) {
  const sums = new Map();
  for (const x of spans) sums.set(x.text, (sums.get(x.text) || 0) + x.weight);
  return [...sums].map(([text, weight]) => ({ text, weight }));
}
