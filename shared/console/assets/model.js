// One model: its versions, what serves, two versions side by side.

import { t } from "./words.js";
import { h, put, head, tabs, table, link, seg, name, code, when, badge, figure, number, bytes, section, input, field, select, form, button, ask, announce } from "./ui.js";
import * as client from "./client.js";

/** top is the head of every page about a model. */
export function top(model, current, actions) {
  const at = "models/" + seg(model);
  return [
    head(name(model), {
      above: link("models", t("nav.models")),
      actions: actions ?? [
        client.may("train", model) ? link("upload?model=" + seg(model), t("upload.go")) : null,
        h("a", { href: "#/play/" + seg(model), class: "button primary" }, t("play.go")),
      ],
    }),
    tabs(t("model.parts"), [[at, t("versions")], [at + "/serving", t("serving")], [at + "/monitor", t("monitor")]], at + current),
  ];
}

/** main metrics of a task, the first one that is there. */
export function headline(metrics) {
  for (const metric of ["macro_f1", "accuracy", "rmse"]) if (metric in metrics) return metric;
  return Object.keys(metrics)[0] || "";
}

/** interval shows a figure with the ends of its interval. */
export function interval(metric, all) {
  const low = all[metric + "_low"], high = all[metric + "_high"];
  return [figure(metric, all[metric]), low !== undefined && high !== undefined ? h("small", { class: "interval" }, figure(metric, low), "–", figure(metric, high)) : null];
}

/** versions lists them; two that are marked can be compared. */
export async function versions({ model, signal }) {
  const [record, items] = await Promise.all([
    client.get(client.path("models", model), { signal }),
    client.all(client.path("models", model, "versions"), {}, { signal }),
  ]);
  const marked = new Set();
  const compare = button(t("compare.go"), () => {
    const [base, candidate] = [...marked].sort((a, b) => a - b);
    location.hash = `#/models/${seg(model)}/compare?base=${base}&candidate=${candidate}`;
  }, { small: true });
  const count = () => { compare.disabled = marked.size !== 2; };
  count();
  const mark = (v) => h("input", { type: "checkbox", "aria-label": t("compare.mark", { n: v.version }), onchange: (e) => { e.target.checked ? marked.add(v.version) : marked.delete(v.version); count(); } });
  const shown = items.length ? headline(items[0].metrics.test || {}) : "";
  return [
    top(model, ""),
    record.description ? h("p", { class: "lead" }, name(record.description)) : null,
    items.length > 1 ? h("div", { class: "bar" }, compare, h("span", { class: "note" }, t("compare.hint"))) : null,
    table(t("versions"), [{ title: t("version") }, { title: t("status") }, { title: t("aliases") }, { title: shown ? metricName(shown) : t("metrics"), right: true }, { title: t("algorithm") }, { title: t("size"), right: true }, { title: t("created") }, { hidden: t("compare.go") }],
      items.map((v) => [link(`models/${seg(model)}/versions/${v.version}`, t("version.n", { n: v.version })), badge(v.status), v.aliases.map((a) => h("span", { class: "alias" }, name(a))),
        interval(headline(v.metrics.test || {}), v.metrics.test || {}), v.algorithm, bytes(v.size), when(v.created_at), items.length > 1 ? mark(v) : null]),
      t("versions.none")),
  ];
}

/** metricName is the metric in words where there are some. */
export const metricName = (metric) => t.has("metric." + metric) ? t("metric." + metric) : metric;

/** promote points an alias at a version, under the revision that was seen. */
export function promote(model, version, done) {
  const alias = input({ value: "champion", spellcheck: "false" });
  return ask(t("promote.title", { n: version }), [h("p", null, t("promote.text")), field(t("alias"), alias)], t("promote.go"), async () => {
    const where = client.path("models", model, "aliases"), called = alias.value.trim();
    const there = (await client.get(where)).items.find((a) => a.alias === called);
    await client.change("PUT", `${where}/${encodeURIComponent(called)}`, there ? `"${there.revision}"` : null, { version });
    announce(t("promote.done", { n: version, alias: alias.value }));
  }).then((ok) => ok && done());
}

/** serving shows what answers and lets it be changed: aliases, their history, the route. */
export async function serving({ model, signal }) {
  const where = client.path("models", model, "aliases");
  const place = h("div");
  const draw = async () => {
    const [{ items }, route, all] = await Promise.all([
      client.get(where, { signal }), client.tagged(client.path("models", model, "route"), { signal }),
      client.all(client.path("models", model, "versions"), {}, { signal }),
    ]);
    const admin = client.may("admin", model);
    put(place,
      section(t("aliases"), h("p", { class: "note" }, t("aliases.text")), table(t("aliases"),
        [{ title: t("alias") }, { title: t("version") }, { title: t("moved") }, { title: t("by"), wide: true }, { hidden: t("actions") }],
        items.map((a) => [name(a.alias), link(`models/${seg(model)}/versions/${a.version}`, t("version.n", { n: a.version })), when(a.updated_at), code(a.updated_by, 22),
          h("span", { class: "actions" }, button(t("history"), () => past(model, a.alias), { small: true }),
            admin ? button(t("rollback.go"), () => rollBack(model, a, draw), { small: true }) : null)]), t("aliases.none"))),
      section(t("route"), h("p", { class: "note" }, t("route.text")), admin ? editor(model, route, items, all, draw) : told(route.value)));
  };
  await draw();
  return [top(model, "/serving"), place];
}

/** past shows every change of an alias. */
async function past(model, alias) {
  const items = await client.all(client.path("models", model, "aliases", alias, "history"), {}, {}, 200);
  const to = (n) => (n ? t("version.n", { n }) : t("absent"));
  await ask(t("history.title", { alias }), table(t("history"), [{ title: t("at") }, { title: t("from") }, { title: t("to") }, { title: t("by") }],
    items.map((c) => [when(c.at), to(c.from), [to(c.to), " ", c.rollback ? h("span", { class: "alias" }, t("rollback")) : null], code(c.by, 22)])));
}

/** rollBack points an alias where it pointed before. */
async function rollBack(model, alias, done) {
  const ok = await ask(t("rollback.title", { alias: alias.alias }), h("p", null, t("rollback.text", { n: alias.version })), t("rollback.go"), async () => {
    const after = await client.create(client.path("models", model, "aliases", alias.alias) + "/rollback", {}, { headers: { "If-Match": `"${alias.revision}"` } });
    announce(t("promote.done", { n: after.version, alias: alias.alias }));
  });
  if (ok) await done();
}

const told = (route) => route ? h("ul", null, route.targets.map((x) => h("li", null, code(x.ref), " ", number(x.weight)))) : h("p", { class: "empty" }, t("route.none"));

/** editor changes the route: who answers which share, who shadows, what keeps a caller where it is. */
function editor(model, { value: route, etag }, aliases, versions, done) {
  const refs = [...aliases.map((a) => ["@" + a.alias, "@" + a.alias]), ...versions.map((v) => ["versions/" + v.version, t("version.n", { n: v.version })])];
  if (!refs.length) return h("p", { class: "empty" }, t("versions.none"));
  const lines = (kind, items, max) => {
    const list = h("div", { class: "lines" });
    const add = (ref, n) => {
      const row = h("div", { class: "line" },
        select(refs, ref, { "aria-label": t("route." + kind) }),
        h("input", { type: "number", min: kind === "targets" ? 1 : 0.1, step: kind === "targets" ? 1 : "any", value: n, "aria-label": t(kind === "targets" ? "weight" : "percent") }),
        h("span", { class: "note" }, kind === "targets" ? t("weight") : "%"),
        h("button", { type: "button", class: "small", onclick: () => row.remove() }, t("remove")));
      list.append(row);
    };
    items.forEach(([ref, n]) => add(ref, n));
    return { list, add: h("button", { type: "button", class: "small", onclick: () => list.children.length < max && add(refs[0][0], kind === "targets" ? 1 : 10) }, t("route.add." + kind)), read: () => [...list.children].map((row) => [row.querySelector("select").value, Number(row.querySelector("input").value)]) };
  };
  const targets = lines("targets", (route?.targets || []).map((x) => [x.ref, x.weight]), 10);
  const shadows = lines("shadow", (route?.shadow || []).map((x) => [x.ref, x.percent]), 3);
  const sticky = input({ value: route?.sticky?.by || "", placeholder: "context.user", spellcheck: "false" });
  const where = client.path("models", model, "route");
  return form([
    route ? null : h("p", { class: "empty" }, t("route.none")),
    h("fieldset", null, h("legend", null, t("route.targets")), targets.list, targets.add),
    h("fieldset", null, h("legend", null, t("route.shadow")), shadows.list, shadows.add),
    field(t("route.sticky"), sticky, t("route.sticky.hint")),
    route ? button(t("route.remove"), async () => { await client.change("DELETE", where, etag); await done(); }, { small: true }) : null,
  ], t("route.save"), async () => {
    await client.change("PUT", where, etag, {
      targets: targets.read().map(([ref, weight]) => ({ ref, weight })),
      shadow: shadows.list.children.length ? shadows.read().map(([ref, percent]) => ({ ref, percent })) : undefined,
      sticky: sticky.value.trim() ? { by: sticky.value.trim() } : undefined,
    });
    announce(t("saved"));
    await done();
  }, undefined, { class: "narrow" });
}

/** comparison holds two versions against each other. */
export async function comparison({ model, query, signal }) {
  const c = await client.get(client.path("models", model, "compare"), { signal, query: { base: query.get("base"), candidate: query.get("candidate") } });
  const better = (d) => (!d.better ? "–" : d.better === "neither" ? t("compare.neither") : h("strong", null, t("version.n", { n: c[d.better].version })));
  const columns = [{ title: t("metric") }, { title: t("version.n", { n: c.base.version }), right: true }, { title: t("version.n", { n: c.candidate.version }), right: true }, { title: t("difference"), right: true }, { title: t("compare.better") }];
  const rows = (list) => list.map((d) => [metricName(d.metric), figure(d.metric, d.base.value), figure(d.metric, d.candidate.value), signed(d.metric, d.difference), better(d)]);
  const values = (list) => table(t("settings"), [{ title: t("field") }, { title: t("version.n", { n: c.base.version }), wide: true }, { title: t("version.n", { n: c.candidate.version }), wide: true }],
    list.map((f) => [code(f.pointer), f.base === undefined ? "–" : code(JSON.stringify(f.base)), f.candidate === undefined ? "–" : code(JSON.stringify(f.candidate))]), t("compare.same"));
  return [
    head(t("compare.title", { a: c.base.version, b: c.candidate.version }), { above: [link("models", t("nav.models")), " / ", link("models/" + seg(model), name(model))] }),
    c.verdict ? h("p", { class: "lead" }, t("compare.verdict", { metric: metricName(c.verdict.metric), d: signed(c.verdict.metric, c.verdict.difference), low: signed(c.verdict.metric, c.verdict.low), high: signed(c.verdict.metric, c.verdict.high), rows: number(c.verdict.rows) })) : null,
    c.comparable ? null : h("p", { class: "notice" }, t("compare.not." + (c.reason || "data"))),
    section(t("held_out"), table(t("held_out"), columns, rows(c.test))),
    c.classes.length ? section(t("classes"), table(t("classes"), [{ title: t("label") }, columns[1], columns[2], columns[3], { title: t("rows"), right: true }],
      c.classes.map((d) => [name(d.label), figure("f1", d.base), figure("f1", d.candidate), signed("f1", d.difference), number(d.rows)]))) : null,
    section(t("settings"), values(c.settings)), section(t("lineage"), values(c.lineage)),
  ];
}

const signed = (metric, d) => (d > 0 ? "+" : d < 0 ? "−" : "") + figure(metric, Math.abs(d));
