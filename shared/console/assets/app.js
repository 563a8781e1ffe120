// The frame around the pages: who is in, where one is, which language.

import { t, language, setLanguage, onLanguage } from "./words.js";
import { h, put, problem, announce, form, field, input, link, head, name } from "./ui.js";
import * as client from "./client.js";
import { models, newModel } from "./models.js";
import { versions, serving, comparison } from "./model.js";
import { monitor } from "./monitor.js";
import { version, report } from "./version.js";
import { jobs, job } from "./jobs.js";
import { datasets, dataset, upload, train } from "./data.js";
import { batches, batch } from "./batch.js";
import { keys } from "./keys.js";
import { playground } from "./playground.js";

// A page is a function of what the address says that returns what to show.
const pages = [
  ["", models], ["models", models], ["new", newModel],
  ["models/:model", versions], ["models/:model/serving", serving], ["models/:model/monitor", monitor],
  ["models/:model/compare", comparison], ["models/:model/versions/:version", version],
  ["models/:model/versions/:version/report", report],
  ["play", playground], ["play/:model", playground],
  ["data", datasets], ["upload", upload], ["train", train], ["data/:id", dataset],
  ["jobs", jobs], ["jobs/:id", job], ["batch", batches], ["batch/:id", batch], ["keys", keys],
];

const menu = [["models", "nav.models"], ["play", "nav.play"], ["data", "nav.data"], ["jobs", "nav.jobs"], ["batch", "nav.batch"], ["keys", "nav.keys"]];

const shell = document.getElementById("shell");
let shown = new AbortController(); // ends what the page before left running
let main = null;

/** where parses the address: #/models/intents?alias=x. */
function where() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const parts = path.split("/").filter(Boolean);
  for (const [pattern, page] of pages) {
    const want = pattern.split("/").filter(Boolean);
    if (want.length !== parts.length) continue;
    const params = {};
    const fits = want.every((w, i) => (w.startsWith(":") ? (params[w.slice(1)] = decode(parts[i])) : w === parts[i]));
    if (fits) return { page, params, query: new URLSearchParams(query), area: parts[0] || "models" };
  }
  return null;
}

/** decode gives "" for what is encoded wrongly: no page takes that. */
function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}

/** show draws the page the address names and gives it the focus. */
async function show(focus) {
  shown.abort();
  shown = new AbortController();
  const { signal } = shown;
  const at = where();
  for (const a of document.querySelectorAll(".menu a")) {
    a.toggleAttribute("aria-current", at !== null && a.dataset.area === at.area);
  }
  if (!at) return finish([head(t("lost.title")), h("p", null, t("lost.text"), " ", link("models", t("nav.models")))], focus);
  main.setAttribute("aria-busy", "true");
  try {
    const content = await at.page({ ...at.params, query: at.query, signal });
    if (!signal.aborted) finish(content, focus);
  } catch (err) {
    if (signal.aborted) return;
    finish([head(err.status === 404 ? t("lost.title") : t("problem.heading")), problem(err)], focus);
    if (!(err instanceof client.Problem)) console.error(err);
  }
}

function finish(content, focus) {
  put(main, content);
  main.removeAttribute("aria-busy");
  const title = main.querySelector("h1");
  document.title = (title ? title.textContent.slice(0, 80) + " · " : "") + "Godwit";
  if (!focus) return;
  scrollTo(0, 0);
  title?.focus({ preventScroll: true });
}

/** frame draws everything but the page. The focus stays where a page load puts it unless it is moved. */
function frame(focus) {
  const { tenant, key_id: id, name: keyName } = client.who();
  main = h("main", { id: "main" });
  put(shell,
    h("header", { class: "side" },
      h("a", { class: "brand", href: "#/models" }, h("span", { class: "bird", "aria-hidden": "true" }), "Godwit"),
      h("nav", { class: "menu", "aria-label": t("nav.label") }, menu.map(([to, word]) => h("a", { href: "#/" + to, "data-area": to }, t(word)))),
      h("div", { class: "foot" },
        h("p", null, h("span", { class: "note" }, t("tenant") + " "), name(tenant), h("br"), h("span", { class: "note" }, name(keyName || id))),
        languages(),
        client.needsKey() ? h("button", { type: "button", class: "plain", onclick: signOut }, t("leave")) : null)),
    main);
  show(focus);
}

/** languages switches between the languages, each named in itself. */
const languages = () => h("div", { class: "languages", role: "group", "aria-label": t("language") },
  [["en", "English"], ["zh", "中文"]].map(([code, text]) => h("button", { type: "button", class: "plain", lang: code, "aria-pressed": String(language() === code), onclick: () => choose(code) }, text)));

/** choose changes the language and keeps the focus on it, though all is drawn anew. */
function choose(code) {
  setLanguage(code);
  document.querySelector(`.languages [lang=${code}]`)?.focus();
}

function signOut() {
  client.leave();
  welcome();
}

/** welcome asks for a key. */
function welcome(said = null) {
  shown.abort();
  const key = input({ type: "password", name: "key", autocomplete: "off", spellcheck: "false", placeholder: "gw_…", required: true });
  const about = h("div");
  main = h("main", { id: "main", class: "welcome" },
    h("p", { class: "brand" }, h("span", { class: "bird", "aria-hidden": "true" }), "Godwit"),
    h("h1", { tabindex: "-1" }, t("welcome.title")),
    h("p", null, t("welcome.text")),
    form([field(t("welcome.key"), key, t("welcome.hint"))], t("welcome.enter"), async () => {
      await client.enter(key.value);
      frame(true);
    }, about),
    languages());
  put(shell, main);
  if (said) put(about, problem(said));
  document.title = t("welcome.title") + " · Godwit";
  key.focus();
}

/** start finds out whether a key is needed here: on a machine of one's own none is. */
async function start() {
  document.documentElement.lang = language();
  document.getElementById("skip").textContent = t("skip");
  try {
    if (!client.who()) await client.enter("");
  } catch (err) {
    welcome(err.status === 401 || err.status === 403 ? null : err);
    return;
  }
  frame(false);
}

// The address holds the page, so the link to the content must not change it.
document.getElementById("skip").addEventListener("click", (e) => {
  e.preventDefault();
  (document.querySelector("h1") || main)?.focus();
});
addEventListener("hashchange", () => client.who() && show(true));
addEventListener("signedout", () => { welcome(new client.Problem(401, { detail: t("welcome.again") })); announce(t("welcome.again")); });
onLanguage(() => { if (client.who()) frame(false); else welcome(); });
start();
