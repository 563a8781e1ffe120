// Batch jobs: a file of rows in, a file of answers out.

import { t, said } from "./words.js";
import { h, put, head, table, link, seg, name, code, when, badge, number, percent, bytes, section, facts, input, field, select, form, button, ask, announce, problem } from "./ui.js";
import * as client from "./client.js";
import { bars } from "./charts.js";
import { narrowed, progress, over, took, found, follow } from "./jobs.js";

export async function batches({ signal }) {
  const rows = (items) => table(t("nav.batch"), [{ title: t("job") }, { title: t("model") }, { title: t("status") }, { title: t("progress") }, { title: t("rows"), right: true }, { title: t("created") }, { title: t("took"), right: true }],
    items.map((j) => [link("batch/" + j.id, code(j.id, 14)), [link(`models/${seg(j.model)}/versions/${j.version}`, name(j.model)), " ", t("version.n", { n: j.version })], badge(j.status), over(j) ? (j.error ? said(j.error.message, "clip") : percent(1, 0)) : progress(j.progress, j.id),
      number(j.counts.rows), when(j.created_at), took(j)]), t("batch.none"));
  return [head(t("nav.batch"), { below: h("p", { class: "note" }, t("batch.text")) }), client.may("predict") ? await starter(signal) : null, await narrowed("/v1/batch-jobs", rows, signal)];
}

async function starter(signal) {
  const [sets, known] = await Promise.all([client.all("/v1/datasets", {}, { signal }, 200), client.all("/v1/models", {}, { signal }, 200)]);
  const there = sets.filter((d) => d.status !== "awaiting_upload"), ready = known.filter((m) => m.latest);
  if (!there.length || !ready.length) return null;
  const model = input({ list: "batch-models", value: ready[0].name, spellcheck: "false" });
  const data = select(there.map((d) => [d.id, `${d.filename.slice(0, 60)} · ${d.model}`]), there[0].id);
  data.addEventListener("change", () => {
    const its = there.find((d) => d.id === data.value).model;
    if (ready.some((m) => m.name === its)) model.value = its;
  });
  const format = select([["jsonl", "JSON Lines"], ["csv", "CSV"]], "jsonl");
  return h("details", { class: "settings" }, h("summary", null, t("batch.new")),
    form([h("datalist", { id: "batch-models" }, ready.map((m) => h("option", { value: m.name }))), h("div", { class: "grid" }, field(t("model"), model, t("batch.model")), field(t("dataset"), data), field(t("format"), format))], t("batch.start"), async () => {
      const job = await client.create("/v1/batch-jobs", { model: model.value.trim(), input: { dataset: data.value }, format: format.value });
      location.hash = "#/batch/" + job.id;
    }));
}

export async function batch({ id, signal }) {
  const state = h("div");
  let seen = "";
  const step = async () => {
    const j = await client.get(client.path("batch-jobs", id), { signal });
    const now = JSON.stringify([j.status, j.progress, j.counts]);
    if (now === seen) return over(j);
    seen = now;
    put(state, told(j));
    announce(t("job.now", { status: t("status." + j.status), phase: percent(j.progress, 0) }));
    return over(j) || "changed";
  };
  if ((await step()) !== true) follow(step, signal, state);
  return [head(t("batch.one"), { above: link("batch", t("nav.batch")), below: code(id) }), state];
}

function told(j) {
  const files = (list) => list.map((f) => h("li", null, h("a", { href: f.url, rel: "noreferrer" }, name(f.filename)), ` · ${bytes(f.size)} · ${t("rows.n", { n: number(f.rows) })}`));
  return [
    h("div", { class: "state" }, badge(j.status), over(j) ? null : progress(j.progress, t("progress")), h("span", { class: "note" }, took(j))),
    j.error ? h("div", { class: "problem", role: "alert" }, h("p", null, said(j.error.message)), found(j.error.errors || [])) : null,
    h("dl", { class: "tiles" }, [["rows", j.counts.rows], ["batch.ok", j.counts.ok], ["batch.failed", j.counts.failed]].map(([k, n]) => h("div", null, h("dt", null, t(k)), h("dd", null, number(n))))),
    j.outputs ? section(t("batch.files"), h("ul", { class: "files" }, files(j.outputs.results), files(j.outputs.errors))) : null,
    j.summary?.labels?.length ? section(t("batch.answers"), bars(j.summary.labels.slice(0, 40).map((l) => ({ label: l.label, share: l.rows / j.summary.labels[0].rows, text: number(l.rows) })))) : null,
    facts([[t("model"), link(`models/${seg(j.model)}/versions/${j.version}`, name(j.model), " ", t("version.n", { n: j.version }))], [t("variant"), code(j.variant)], [t("input"), code(j.input.dataset || j.input.key)], [t("created"), when(j.created_at)], [t("digest"), code(j.digest)]]),
    over(j) ? null : button(t("cancel.job"), () => ask(t("cancel.title"), h("p", null, t("cancel.text")), t("cancel.job"), () => client.post(client.path("batch-jobs", j.id, "cancel"), {}), { danger: true }), { danger: true, small: true }),
  ];
}
