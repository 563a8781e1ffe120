// All models, and a new one.

import { t } from "./words.js";
import { h, put, head, table, link, seg, name, when, input, field, form, button, select } from "./ui.js";
import * as client from "./client.js";

const task = (m) => (m.task ? t("task." + m.task) : t("task.none"));

/** models lists them; the search asks the API, since there may be many. */
export async function models({ signal }) {
  const list = h("div", { "aria-live": "polite" });
  const search = input({ type: "search", placeholder: t("models.search"), "aria-label": t("models.search"), class: "search" });
  const kind = select([["", t("models.any")], ...["text-classification", "table-classification", "table-regression", "image-classification"].map((x) => [x, t("task." + x)])], "", { "aria-label": t("task") });
  let asked = 0;
  const load = async (token = "", before = []) => {
    const mine = ++asked;
    const page = await client.get("/v1/models", { signal, query: { prefix: search.value.trim(), task: kind.value, limit: 50, page_token: token } });
    if (mine !== asked) return;
    const items = [...before, ...page.items];
    put(list, items.length || search.value || kind.value ? rows(items) : first(),
      page.next_page_token ? button(t("more"), () => load(page.next_page_token, items)) : null);
  };
  let timer;
  search.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(load, 150); });
  kind.addEventListener("change", () => load());
  await load();
  return [
    head(t("nav.models"), { actions: [client.may("admin") ? link("new", t("models.new")) : null, client.may("train") ? h("a", { href: "#/upload", class: "button primary" }, t("upload.go")) : null] }),
    h("div", { class: "bar" }, search, kind), list,
  ];
}

const rows = (items) => table(t("nav.models"),
  [{ title: t("name") }, { title: t("task") }, { title: t("version"), right: true }, { title: t("description"), wide: true }, { title: t("created") }],
  items.map((m) => [link("models/" + seg(m.name), name(m.name)), task(m), m.latest ? String(m.latest) : "–", m.description ? name(m.description, "clip") : "", when(m.created_at)]),
  t("models.none"));

/** first greets whoever has nothing yet. */
const first = () => h("div", { class: "first" }, h("h2", null, t("first.title")), h("p", null, t("first.text")),
  h("p", null, h("a", { href: "#/upload", class: "button primary" }, t("upload.go"))));

/** newModel registers a name before there is data. */
export async function newModel() {
  const called = input({ required: true, spellcheck: "false", placeholder: "intents" });
  const about = input();
  return [
    head(t("models.new"), { above: link("models", t("nav.models")) }),
    form([field(t("name"), called, t("models.rule")), field(t("description"), about)], t("models.create"), async () => {
      const m = await client.create("/v1/models", { name: called.value.trim(), description: about.value || undefined });
      location.hash = "#/models/" + seg(m.name);
    }, undefined, { class: "narrow" }),
  ];
}
