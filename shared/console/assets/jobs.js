// Training jobs, and one as it runs.

import { t, said } from "./words.js";
import { h, put, head, table, link, seg, name, code, when, badge, figure, number, percent, section, facts, select, button, ask, announce, poll, problem, place } from "./ui.js";
import * as client from "./client.js";
import { lines } from "./charts.js";
import { headline, interval, metricName } from "./model.js";

const statuses = ["queued", "running", "succeeded", "failed", "cancelled"];
export const over = (job) => ["succeeded", "failed", "cancelled"].includes(job.status);

/** narrowed is a list of jobs under a filter by status, with more on demand. */
export function narrowed(where, draw, signal) {
  const list = h("div", { "aria-live": "polite" });
  const status = select([["", t("jobs.any")], ...statuses.map((x) => [x, t("status." + x)])], "", { "aria-label": t("status") });
  const load = async (token = "", before = []) => {
    const page = await client.get(where, { signal, query: { status: status.value, limit: 50, page_token: token } });
    const items = [...before, ...page.items];
    put(list, draw(items), page.next_page_token ? button(t("more"), () => load(page.next_page_token, items)) : null);
  };
  status.addEventListener("change", () => load());
  return load().then(() => [h("div", { class: "bar" }, status), list]);
}

/** progress is a bar with its figure. */
export const progress = (value, label) => h("div", { class: "progress" }, h("progress", { max: 1, value, "aria-label": label }), h("span", { class: "much" }, percent(value, 0)));

export async function jobs({ signal }) {
  const rows = (items) => table(t("nav.jobs"), [{ title: t("job") }, { title: t("model") }, { title: t("status") }, { title: t("progress") }, { title: t("version"), right: true }, { title: t("created") }, { title: t("took"), right: true }],
    items.map((j) => [link("jobs/" + j.id, code(j.id, 14)), j.model ? link("models/" + seg(j.model), name(j.model)) : "–", badge(j.status), over(j) ? (j.error ? said(j.error.message, "clip") : promotion(j)) : progress(j.progress, j.id),
      j.version ? link(`models/${seg(j.model)}/versions/${j.version}`, String(j.version)) : "–", when(j.created_at), took(j)]), t("jobs.none"));
  return [head(t("nav.jobs"), { actions: client.may("train") ? [link("upload", t("upload.go")), h("a", { href: "#/train", class: "button primary" }, t("train.go"))] : null }), await narrowed("/v1/training-jobs", rows, signal)];
}

const promotion = (j) => (j.result ? t("promotion." + j.result.promotion) : "");

export function took(j) {
  if (!j.started_at) return "–";
  const seconds = ((j.finished_at ? new Date(j.finished_at) : new Date()) - new Date(j.started_at)) / 1000;
  return seconds < 90 ? t("seconds", { n: number(seconds, seconds < 10 ? 1 : 0) }) : t("minutes", { n: number(seconds / 60, 1) });
}

/** job follows one job until it is over. */
export async function job({ id, signal }) {
  const state = h("div"), curves = h("div"), log = h("ol", { class: "log", "aria-label": t("events"), tabindex: "0" });
  const events = [];
  const view = { run: "", token: "", known: new Set() };
  let seen = "", phase = "";
  const step = async () => {
    const j = await client.get(client.path("training-jobs", id), { signal });
    const fresh = await newEvents(id, view, signal);
    if (fresh.length) {
      events.push(...fresh);
      log.append(...fresh.map(line));
      log.scrollTop = log.scrollHeight;
      put(curves, drawn(events, view));
    }
    const now = JSON.stringify([j.status, j.progress, j.phase]);
    const changed = now !== seen || fresh.length > 0;
    if (now !== seen) put(state, told(j, signal));
    if (j.phase !== phase || over(j)) announce(t("job.now", { status: t("status." + j.status), phase: phaseName(j.phase) }));
    [seen, phase] = [now, j.phase];
    return over(j) || changed && "changed";
  };
  const first = await step();
  if (first !== true) follow(step, signal, state);
  return [head(t("job"), { above: link("jobs", t("nav.jobs")), below: code(id) }), state, curves, section(t("events"), log)];
}

/** follow polls in the background and says when it has to give up. */
export function follow(step, signal, place) {
  poll(step, signal).catch((err) => { if (!signal.aborted) place.append(problem(err)); });
}

const phaseName = (phase) => (phase ? t("phase." + phase) : "");

/** newEvents reads what is not known yet, from the last page on; functions write side by side, so it need not be later. */
async function newEvents(id, view, signal) {
  const fresh = [];
  for (;;) {
    const page = await client.get(client.path("training-jobs", id, "events"), { signal, query: { limit: 200, page_token: view.token } });
    for (const e of page.items) {
      if (view.known.has(e.seq)) continue;
      view.known.add(e.seq);
      fresh.push(e);
    }
    if (!page.next_page_token) return fresh;
    view.token = page.next_page_token;
  }
}

const line = (e) => h("li", null, when(e.at), h("span", { class: "phase" }, phaseName(e.phase)), said(e.message));

function told(j, signal) {
  const model = "models/" + seg(j.model);
  return [
    h("div", { class: "state" }, badge(j.status), over(j) ? null : progress(j.progress, t("progress")), h("span", { class: "note" }, phaseName(j.phase), " · ", took(j))),
    j.error ? h("div", { class: "problem", role: "alert" }, h("p", null, said(j.error.message)), found(j.error.errors || []),
      j.dataset ? h("p", null, link("data/" + j.dataset, t("issues.all"))) : null) : null,
    j.result ? h("div", { class: "result" },
      h("p", { class: "lead" }, link(`${model}/versions/${j.version}`, t("version.n", { n: j.version })), " · ", promotion(j), j.result.detail ? [" · ", said(j.result.detail)] : null),
      h("dl", { class: "tiles" }, [headline(j.result.metrics || {}), "accuracy", "rmse", "ece", "baseline"].filter((m, i, list) => m in (j.result.metrics || {}) && list.indexOf(m) === i).map((m) => h("div", null, h("dt", null, metricName(m)), h("dd", null, interval(m, j.result.metrics))))),
      h("div", { class: "actions" }, h("a", { href: `#/play/${seg(j.model)}?version=${j.version}`, class: "button primary" }, t("play.go")))) : null,
    facts([[t("model"), j.model ? link(model, name(j.model)) : null], [t("dataset"), j.dataset ? link("data/" + j.dataset, code(j.dataset)) : null], [t("created"), when(j.created_at)],
      [t("rows"), j.result ? t("rows.account", { read: number(j.result.rows.read), trained: number(j.result.rows.trained), held: number(j.result.rows.held_out), rejected: number(j.result.rows.rejected) }) : null]]),
    over(j) || !client.may("train", j.model) ? null : button(t("cancel.job"), () => ask(t("cancel.title"), h("p", null, t("cancel.text")), t("cancel.job"), () => client.post(client.path("training-jobs", j.id, "cancel"), {}), { danger: true }), { danger: true, small: true }),
  ];
}

/** found lists findings with their lines. */
export const found = (errors) => errors.length ? h("ul", null, errors.map((e) => h("li", null, place(e) ? h("span", { class: "place" }, place(e)) : null, said(e.detail)))) : null;

/** drawn shows the epochs of a network, or else the candidates of the search as they came. */
function drawn(events, view) {
  const runs = Map.groupBy(events.filter((e) => e.values?.epoch !== undefined), (e) => e.message.split(": epoch")[0]);
  if (runs.size) return epochs(runs, view);
  const folds = events.filter((e) => e.phase === "search" && e.values?.fold !== undefined);
  if (folds.length < 3) return null;
  const metric = Object.keys(folds[0].values).find((k) => k !== "fold");
  let best = null;
  const points = [], bests = [];
  for (const e of events) {
    if (e.values?.["best_" + metric] !== undefined) best = e.values["best_" + metric];
    if (e.values?.fold !== undefined) { points.push(e.values[metric] ?? null); bests.push(best); }
  }
  if (bests.length) bests[bests.length - 1] = best;
  return lines({ title: t("search"), x: t("candidates"), most: /rmse|loss|error/.test(metric) ? Infinity : 1, y: metricName(metric), xs: points.map((_, i) => i + 1), format: (v) => figure(metric, v),
    series: [{ name: t("search.best"), values: bests }, { name: t("search.fold"), values: points, dots: true }] });
}

/** epochs shows one run of a network, the newest unless another was chosen. */
function epochs(runs, view) {
  const names = [...runs.keys()];
  const place = h("div", { class: "pair" });
  const pick = select(names.map((n) => [n, n]), names.includes(view.run) ? view.run : names.at(-1), { "aria-label": t("search.run"), onchange: () => { view.run = pick.value; draw(); } });
  const draw = () => {
    const points = runs.get(pick.value);
    const measures = [...new Set(points.flatMap((e) => Object.keys(e.values)))].filter((k) => !["epoch", "epochs", "fold", "step"].includes(k));
    const losses = measures.filter((k) => k.includes("loss")), rest = measures.filter((k) => !k.includes("loss"));
    put(place, [losses, rest].filter((keys) => keys.length).map((keys) => lines({
      title: keys.map(metricName).join(", "), x: t("epoch"), y: t("epoch"), xs: points.map((e) => e.values.epoch), scaled: true, from: 0, to: keys === rest ? 1 : undefined,
      series: keys.map((k) => ({ name: metricName(k), values: points.map((e) => e.values[k] ?? null) })), format: (v) => figure("loss", v),
    })));
  };
  draw();
  return [h("div", { class: "bar" }, pick), place];
}
