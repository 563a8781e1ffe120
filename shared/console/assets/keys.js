// API keys, and what they used.

import { t } from "./words.js";
import { h, put, head, table, name, code, when, badge, number, section, input, field, select, form, button, ask, announce, copy } from "./ui.js";
import * as client from "./client.js";
import { columns } from "./charts.js";

export async function keys({ signal }) {
  const me = client.who();
  const admin = client.may("admin");
  const place = h("div");
  const draw = async () => {
    const items = await client.all("/v1/keys", {}, { signal });
    put(place, table(t("keys"), [{ title: t("name"), wide: true }, { title: t("key") }, { title: t("scopes"), wide: true }, { title: t("status") }, { title: t("expires") }, { hidden: t("actions") }],
      items.map((k) => [name(k.name), code(k.id, 14), k.scopes.map((x) => h("span", { class: "alias" }, name(x))), badge(k.status), when(k.expires_at),
        k.status === "active" ? button(t("revoke"), () => revoke(k, draw), { small: true, danger: true }) : null]), t("keys.none")));
  };
  const [used] = await Promise.all([client.all("/v1/usage", {}, { signal }, 2000), admin ? draw() : null]);
  return [
    head(t("nav.keys")),
    h("p", { class: "lead" }, t("keys.me", { key: me.name || me.key_id, scopes: me.scopes.join(", ") })),
    admin ? section(t("keys"), place, maker(draw)) : null,
    section(t("usage"), usage(used)),
  ];
}

/** revoke stops a key; a working one cannot come back. */
const revoke = (key, done) => ask(t("revoke.title"), h("p", null, name(key.name), " ", code(key.id), h("br"), t("revoke.text")), t("revoke"), () => client.remove(client.path("keys", key.id)), { danger: true }).then((ok) => ok && done());

/** maker makes a key and shows its secret this once. */
function maker(done) {
  const called = input({ required: true }), model = input({ spellcheck: "false" }), expires = input({ type: "date" });
  const scope = select([["predict", t("scope.predict")], ["feedback", t("scope.feedback")], ["train", t("scope.train")], ["admin", t("scope.admin")]], "predict");
  const secret = h("div");
  return h("details", { class: "settings" }, h("summary", null, t("keys.new")),
    form([h("div", { class: "grid" }, field(t("name"), called), field(t("scope"), scope), field(t("scope.model"), model, t("scope.model.hint")), field(t("expires"), expires)), secret], t("keys.make"), async () => {
      const key = await client.create("/v1/keys", { name: called.value, scopes: [scope.value + (model.value.trim() ? ":" + model.value.trim() : "")], expires_at: expires.value ? expires.value + "T00:00:00Z" : undefined });
      put(secret, h("div", { class: "secret" }, h("p", null, h("strong", null, t("keys.once"))), h("code", null, key.secret), copy(() => key.secret)));
      announce(t("keys.once"));
      await done();
    }));
}

function usage(days) {
  if (!days.length) return h("p", { class: "empty" }, t("usage.none"));
  const total = new Map();
  for (const d of days) total.set(d.day, (total.get(d.day) || 0) + d.predictions);
  const dates = [...total.keys()].sort();
  return [h("p", { class: "note" }, t("usage.text")),
    columns({ title: t("usage.predictions"), x: t("day"), y: t("requests"), xs: dates.map((d) => d.slice(5)), values: dates.map((d) => total.get(d)) }),
    table(t("usage"), [{ title: t("day") }, { title: t("key") }, { title: t("requests"), right: true }, { title: t("rows"), right: true }, { title: t("usage.seconds"), right: true }],
      days.toSorted((a, b) => b.day.localeCompare(a.day)).map((d) => [d.day, code(d.key_id, 22), number(d.predictions), number(d.rows), number(d.training_seconds)]))];
}
