// Data sets: what is there, what is wrong with it, bringing more, training on it.

import { t, said } from "./words.js";
import { h, put, head, table, link, seg, name, code, when, badge, number, percent, bytes, section, facts, input, field, select, check, form, button, announce } from "./ui.js";
import * as client from "./client.js";
import { bars } from "./charts.js";

export async function datasets({ signal }) {
  const list = h("div");
  const load = async (token = "", before = []) => {
    const page = await client.get("/v1/datasets", { signal, query: { limit: 50, page_token: token } });
    const items = [...before, ...page.items];
    put(list, table(t("nav.data"), [{ title: t("file"), wide: true }, { title: t("model") }, { title: t("status") }, { title: t("size"), right: true }, { title: t("job") }, { title: t("created") }],
      items.map((d) => [link("data/" + d.id, name(d.filename, "clip")), link("models/" + seg(d.model), name(d.model)), badge(d.status), bytes(d.size), d.job ? link("jobs/" + d.job, code(d.job, 14)) : "–", when(d.created_at)]), t("data.none")),
    page.next_page_token ? button(t("more"), () => load(page.next_page_token, items)) : null);
  };
  await load();
  return [head(t("nav.data"), { actions: client.may("train") ? h("a", { href: "#/upload", class: "button primary" }, t("upload.go")) : null }), list];
}

/** dataset shows what is in a file and what is wrong with it, by line. */
export async function dataset({ id, signal }) {
  const where = client.path("datasets", id);
  const d = await client.get(where, { signal });
  // Before a job has read the file there is nothing to tell, and of one that could not be used no profile.
  const read = (part, there, query) => (there ? client.get(where + part, { signal, query }).catch((err) => { if (err.status === 409 || err.status === 404) return null; throw err; }) : null);
  const [found, profile] = await Promise.all([read("/issues", d.status === "checked" || d.status === "failed", { limit: 200 }), read("/profile", d.status === "checked")]);
  return [
    head(name(d.filename, "clip"), {
      above: link("data", t("nav.data")), below: h("p", null, badge(d.status), " ", code(d.id)),
      actions: client.may("train", d.model) && d.status !== "awaiting_upload" ? h("a", { href: "#/train?dataset=" + d.id, class: "button primary" }, t("train.go")) : null,
    }),
    found ? issues(where, found, signal) : h("p", { class: "empty" }, t("issues.early")),
    profile ? contents(profile.profile) : null,
    section(t("made"), facts([[t("model"), link("models/" + seg(d.model), name(d.model))], [t("job"), d.job ? link("jobs/" + d.job, code(d.job)) : null], [t("size"), bytes(d.size)], ["SHA-256", d.sha256 ? code(d.sha256) : null], [t("created"), when(d.created_at)],
      [t("columns"), found?.source?.columns ? found.source.columns.map((c, i) => [i ? ", " : "", name(c)]) : null], [t("encoding"), found?.source?.encoding], [t("format"), found?.source?.format]])),
  ];
}

/** issues lists findings, worst kinds first in the counts, in the file's order below. */
function issues(where, page, signal) {
  const place = h("div");
  const draw = (p, before) => {
    const items = [...before, ...p.items];
    put(place, table(t("issues"), [{ title: t("line.title"), right: true }, { title: t("record"), right: true }, { title: t("column.title") }, { title: t("severity") }, { title: t("issues.what"), wide: true }, { title: t("excerpt"), wide: true }],
      items.map((i) => [i.line ? String(i.line) : "–", i.record ? String(i.record) : "–", i.column ? name(i.column) : "", h("span", { class: "badge " + i.severity }, t("severity." + i.severity)),
        [said(i.message), i.fix ? h("small", { class: "fix" }, t("fix") + " ", said(i.fix)) : null, h("small", null, code(i.code))], i.excerpt ? name(i.excerpt, "clip excerpt") : ""]), t("issues.none")),
    p.next_page_token ? button(t("more"), async () => draw(await client.get(where + "/issues", { signal, query: { limit: 200, page_token: p.next_page_token } }), items)) : null);
  };
  draw(page, []);
  const counts = Object.entries(page.counts).sort((a, b) => b[1] - a[1]);
  return section(t("issues"), h("p", { class: "lead" }, t("issues.kept", { kept: number(page.kept), records: number(page.records) })),
    counts.length ? h("p", null, counts.map(([c, n]) => h("span", { class: "alias" }, code(c), " ", number(n)))) : null, place);
}

/** contents shows the classes and the columns of the data. */
function contents(p) {
  return section(t("profile"),
    p.classes?.length ? bars(p.classes.slice(0, 100).map((c) => ({ label: c.label, share: c.rows / Math.max(...p.classes.map((x) => x.rows)), text: `${number(c.rows)} · ${percent(c.share)}` }))) : null,
    p.classes?.length > 100 ? h("p", { class: "note" }, t("profile.more", { n: number(p.classes.length - 100) })) : null);
}

/** settings are the controls of a training; read gives what differs from auto. */
function settings() {
  const tasks = ["text-classification", "table-classification", "table-regression", "image-classification"];
  const choice = (values, first) => select([["", first], ...values.map((v) => [v, v])], "");
  const task = select([["", t("auto")], ...tasks.map((x) => [x, t("task." + x)])], "");
  const algorithm = choice(["linear-svm", "logistic-regression", "ridge-regression", "cnn", "rnn"], t("auto"));
  const metric = choice(["accuracy", "macro_f1", "rmse"], t("auto"));
  const strategy = choice(["grid", "halving"], t("auto"));
  const count = (min, max, step) => input({ type: "number", min, max, step, inputmode: "decimal" });
  const folds = count(2, 20, 1), test = count(0.01, 0.5, 0.01), seed = count(0, undefined, 1), least = count(0, 1, 0.01);
  const label = input({ spellcheck: "false" }), alias = input({ placeholder: "champion", spellcheck: "false" });
  const gate = check(t("set.gate"), false), feedback = check(t("set.feedback"), false);
  const n = (c) => (c.value === "" ? undefined : Number(c.value));
  const some = (o) => (Object.values(o).some((v) => v !== undefined) ? o : undefined);
  const read = () => ({
    task: task.value || undefined, algorithm: algorithm.value || undefined, metric: metric.value || undefined,
    search: some({ strategy: strategy.value || undefined, folds: n(folds) }), split: some({ test: n(test) }), columns: some({ label: label.value.trim() || undefined }),
    gate: some({ min: n(least) === undefined ? undefined : { [metric.value && metric.value !== "rmse" ? metric.value : "accuracy"]: n(least) }, not_worse_than: gate.querySelector("input").checked ? "champion" : undefined }),
    promote_to: alias.value.trim() || undefined, seed: n(seed), include_feedback: feedback.querySelector("input").checked || undefined,
  });
  const form = h("details", { class: "settings" }, h("summary", null, t("settings"), " ", h("span", { class: "note" }, t("settings.auto"))),
    h("div", { class: "grid" }, field(t("task"), task), field(t("algorithm"), algorithm), field(t("metric"), metric), field(t("set.search"), strategy), field(t("set.folds"), folds), field(t("set.test"), test, t("set.test.hint")),
      field(t("set.label"), label, t("set.label.hint")), field(t("set.least"), least), field(t("set.alias"), alias), field(t("seed"), seed)), gate, feedback);
  return { form, read };
}

/** named offers the models that are there and takes a new name. */
async function named(chosen, signal) {
  const list = h("datalist", { id: "models-known" }, (await client.all("/v1/models", {}, { signal }, 200)).map((m) => h("option", { value: m.name })));
  return [input({ list: "models-known", value: chosen, required: true, spellcheck: "false", placeholder: "intents" }), list];
}

/** upload brings a file to S3 by itself, past every function, and trains on it. */
export async function upload({ query, signal }) {
  const [model, known] = await named(query.get("model") || "", signal);
  const chosen = settings(), train = check(t("upload.train"), true);
  const file = h("input", { type: "file", id: "file", accept: ".csv,.tsv,.jsonl,.json,.gz,.zip,.idx,.txt" });
  const what = h("p", { class: "note" }, t("upload.kinds"));
  const drop = h("div", { class: "drop" }, h("label", { for: "file" }, t("upload.drop")), file, what);
  const pick = () => { if (file.files[0]) put(what, name(file.files[0].name), " · ", bytes(file.files[0].size)); };
  file.addEventListener("change", pick);
  for (const kind of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(kind, (e) => {
      e.preventDefault();
      drop.classList.toggle("over", kind === "dragover");
      if (kind === "drop" && e.dataTransfer.files.length) { file.files = e.dataTransfer.files; pick(); }
    });
  }
  const steps = h("div");
  const send = async () => {
    const f = file.files[0];
    if (!f) throw new client.Problem(0, { detail: t("upload.which") });
    const wanted = train.querySelector("input").checked;
    const bar = h("progress", { max: 1, value: 0, "aria-label": t("upload.sending") }), told = h("span");
    const say = (word) => { told.textContent = t(word); announce(t(word)); };
    put(steps, h("div", { class: "progress" }, bar, told));
    say("upload.hashing");
    bar.removeAttribute("value");
    const sha256 = await client.sha256(f);
    const d = await client.create("/v1/datasets", { model: model.value.trim(), filename: f.name, size: f.size, sha256, train: wanted ? chosen.read() : undefined }, { signal });
    say("upload.sending");
    bar.value = 0;
    await client.upload(d.upload, f, { signal, progress: (share) => { bar.value = share; } });
    say("upload.waiting");
    bar.removeAttribute("value");
    location.hash = await arrival(d.id, wanted, signal);
  };
  return [head(t("upload.go"), { above: link("data", t("nav.data")) }),
    form([drop, field(t("model"), model, t("upload.model")), known, train, chosen.form], t("upload.start"), send, steps, { class: "narrow" })];
}

/** arrival waits until the service has seen the file and returns where to go on. */
async function arrival(id, trains, signal) {
  for (let wait = 200; wait < 8000; wait *= 1.5) {
    const d = await client.get(client.path("datasets", id), { signal });
    if (d.job) return "#/jobs/" + d.job;
    if (!trains && d.status !== "awaiting_upload") break;
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
  return "#/data/" + id;
}

/** train starts a job on data that is there. */
export async function train({ query, signal }) {
  const sets = (await client.all("/v1/datasets", {}, { signal }, 400)).filter((d) => d.status !== "awaiting_upload");
  if (!sets.length) return [head(t("train.go"), { above: link("jobs", t("nav.jobs")) }), h("p", { class: "empty" }, t("data.none"), " ", link("upload", t("upload.go")))];
  const set = select(sets.map((d) => [d.id, `${d.filename.slice(0, 60)} · ${d.model} · ${d.id.slice(0, 12)}`]), query.get("dataset") || sets[0].id);
  const of = () => sets.find((d) => d.id === set.value)?.model || "";
  const [model, known] = await named(query.get("model") || of(), signal);
  set.addEventListener("change", () => { model.value = of(); });
  const chosen = settings();
  return [head(t("train.go"), { above: link("jobs", t("nav.jobs")) }),
    form([field(t("dataset"), set), field(t("model"), model), known, chosen.form], t("train.start"), async () => {
      const job = await client.create("/v1/training-jobs", { model: model.value.trim(), dataset: set.value, ...chosen.read() });
      location.hash = "#/jobs/" + job.id;
    }, undefined, { class: "narrow" })];
}
