// What the pages are made of. Elements are made by h, and text only ever goes
// in as text: no label, file name or message can become markup.

import { t, said, language } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";

function build(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "vars") for (const [v, x] of Object.entries(value)) element.style.setProperty(v, x); // the policy forbids style attributes, not this
    else if (["value", "checked", "selected", "disabled", "max", "hidden"].includes(name) && name in element) element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children) {
    if (Array.isArray(child)) append(element, child);
    else if (child !== null && child !== undefined && child !== false) element.append(child);
  }
}

/** h makes an element: h("p", {class: "note"}, "text", child, [children]). */
export const h = (tag, attributes, ...children) => build(document.createElement(tag), attributes, children);

/** s makes an element of an SVG. */
export const s = (tag, attributes, ...children) => build(document.createElementNS(SVG, tag), attributes, children);

/** put replaces what an element holds. */
export function put(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

/** name shows text of a user's, such as a label: isolated, so that its direction stays its own. */
export const name = (text, kind = "name") => h("bdi", { class: kind, dir: "auto" }, String(text ?? ""));

/** code shows an id or a digest; short cuts it in the middle of nowhere. */
export const code = (text, short) => h("code", null, short && text.length > short ? text.slice(0, short) + "…" : text);

export const link = (to, ...children) => h("a", { href: "#/" + to }, ...children);

/** seg encodes one segment of an address of the console. */
export const seg = encodeURIComponent;

/** when shows a time. */
export function when(iso) {
  if (!iso) return "–";
  const at = new Date(iso);
  const sameDay = at.toDateString() === new Date().toDateString();
  const form = sameDay ? { hour: "2-digit", minute: "2-digit", second: "2-digit" } : { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" };
  return h("time", { datetime: iso, title: at.toLocaleString(language()) }, new Intl.DateTimeFormat(language(), form).format(at));
}

export const number = (n, digits = 0) => new Intl.NumberFormat(language(), { signDisplay: "negative", maximumFractionDigits: digits, minimumFractionDigits: digits }).format(n);
export const percent = (n, digits = 1) => new Intl.NumberFormat(language(), { style: "percent", maximumFractionDigits: digits, minimumFractionDigits: digits }).format(n);

/** figure shows a metric as is usual for it. */
export function figure(metric, value) {
  if (typeof value !== "number") return "–";
  if (/^(rows|folds)$/.test(metric)) return number(value);
  if (/loss|rmse|mse|mae|error|deviation|ece|r2/.test(metric) || Math.abs(value) > 1) return new Intl.NumberFormat(language(), { maximumSignificantDigits: 4 }).format(value);
  return percent(value);
}

export function bytes(n) {
  const units = ["B", "kB", "MB", "GB"];
  let i = 0;
  for (; n >= 1000 && i < units.length - 1; i++) n /= 1000;
  return number(n, i && n < 100 ? 1 : 0) + " " + units[i];
}

/** badge shows a status; its look says it again, its text says it first. */
export const badge = (status) => h("span", { class: "badge " + status }, t("status." + status));

/** section is a titled part of a page. */
export function section(title, ...children) {
  const id = "s" + Math.random().toString(36).slice(2);
  return h("section", { "aria-labelledby": id }, h("h2", { id }, title), ...children);
}

/** table makes a table that scrolls by itself where it is too wide; columns are {title, wide, right}. */
export function table(caption, columns, rows, empty = t("none")) {
  if (!rows.length) return h("p", { class: "empty" }, empty);
  const head = columns.map((c) => h("th", { scope: "col", class: c.right ? "right" : null }, c.title || h("span", { class: "unseen" }, c.hidden || t("actions"))));
  const body = rows.map((cells) => h("tr", null, cells.map((cell, i) => h(i === 0 ? "th" : "td", { scope: i === 0 ? "row" : null, class: [columns[i].right && "right", columns[i].wide && "wide"].filter(Boolean).join(" ") || null }, cell))));
  return h("div", { class: "scroll", role: "group", "aria-label": caption, tabindex: "0" },
    h("table", null, h("caption", { class: "unseen" }, caption), h("thead", null, h("tr", null, head)), h("tbody", null, body)));
}

/** facts is a list of terms and what they are. */
export const facts = (pairs) => h("dl", { class: "facts" }, pairs.filter(([, v]) => v !== null && v !== undefined && v !== "").map(([k, v]) => h("div", null, h("dt", null, k), h("dd", null, v))));

let fields = 0;

/** field labels a control; hint says more under it. */
export function field(label, control, hint) {
  const id = control.id || (control.id = "f" + ++fields);
  const about = hint ? h("small", { id: id + "h" }, hint) : null;
  if (about) control.setAttribute("aria-describedby", about.id);
  return h("div", { class: "field" }, h("label", { for: id }, label), control, about);
}

export const input = (attributes) => h("input", { type: "text", autocomplete: "off", ...attributes });

/** select offers [value, text] pairs. */
export const select = (options, chosen, attributes) => h("select", attributes, options.map(([value, text]) => h("option", { value, selected: value === chosen }, text)));

export const check = (label, checked, attributes) => h("label", { class: "check" }, h("input", { type: "checkbox", checked, ...attributes }), h("span", null, label));

/** button does something that may take a while; what goes wrong is shown below it or in where. */
export function button(text, action, { primary, danger, where, small } = {}) {
  const b = h("button", { type: "button", class: [primary && "primary", danger && "danger", small && "small"].filter(Boolean).join(" ") || null }, text);
  b.addEventListener("click", () => busy(b, action, where));
  return b;
}

/** busy runs action with its button held down. */
export async function busy(b, action, where) {
  if (b.getAttribute("aria-busy")) return;
  b.setAttribute("aria-busy", "true");
  if (where) put(where);
  try {
    await action();
  } catch (err) {
    if (err.name === "AbortError") return;
    if (where) put(where, problem(err));
    else b.after(problem(err));
  } finally {
    b.removeAttribute("aria-busy");
  }
}

/** form sends by its button and by Enter. */
export function form(fields, text, action, where = h("div"), attributes) {
  const b = h("button", { type: "submit", class: "primary" }, text);
  const f = h("form", { novalidate: true, ...attributes }, fields, h("div", { class: "actions" }, b), where);
  f.addEventListener("submit", (e) => { e.preventDefault(); busy(b, action, where); });
  return f;
}

/** problem shows what went wrong, in the words of who knows. */
export function problem(err) {
  const known = { offline: t("problem.offline"), upload_blocked: t("problem.upload") }[err.code];
  const text = known || err.message || t("problem.unknown");
  const list = (err.errors || []).map((e) => h("li", null, place(e) ? h("span", { class: "place" }, place(e)) : null, said(e.detail)));
  return h("div", { class: "problem", role: "alert" },
    h("p", null, h("strong", null, t("problem.title") + " "), known ? text : said(text)),
    list.length ? h("ul", null, list) : null,
    err.requestID ? h("p", { class: "note" }, t("problem.request") + " ", code(err.requestID)) : null);
}

/** place says where in a file or a request something is. */
export function place(e) {
  const parts = [];
  if (e.line) parts.push(t("line", { n: e.line }));
  if (e.column) parts.push(t("column", { n: e.column }));
  if (!parts.length && e.pointer) parts.push(e.pointer);
  return parts.join(", ");
}

/** announce tells a screen reader. */
export function announce(text) {
  document.getElementById("status").textContent = text;
}

/** copy is a button that copies what text() returns. */
export function copy(text) {
  const b = h("button", { type: "button", class: "small" }, t("copy"));
  b.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text());
    b.textContent = t("copied");
    announce(t("copied"));
    setTimeout(() => { b.textContent = t("copy"); }, 1500);
  });
  return b;
}

/** ask opens a dialog and resolves to whether its action was done; without one it only tells. */
export function ask(title, body, text, action, { danger } = {}) {
  return new Promise((resolve) => {
    const where = h("div");
    let done = false;
    const id = "ask-title";
    const go = h("button", { type: "submit", class: danger ? "danger" : "primary" }, text || t("close"));
    const f = h("form", { novalidate: true }, h("h2", { id }, title), body, where,
      h("div", { class: "actions" }, go, action ? h("button", { type: "button", onclick: () => d.close() }, t("cancel")) : null));
    const d = h("dialog", { "aria-labelledby": id }, f);
    f.addEventListener("submit", (e) => {
      e.preventDefault();
      busy(go, async () => { await action?.(); done = true; d.close(); }, where);
    });
    d.addEventListener("close", () => { d.remove(); resolve(done); });
    document.body.append(d);
    d.showModal();
  });
}

/** tabs are links between parts of one thing. */
export const tabs = (label, items, current) => h("nav", { class: "tabs", "aria-label": label },
  items.map(([to, text]) => h("a", { href: "#/" + to, "aria-current": to === current ? "page" : null }, text)));

/** head is the top of a page: where one is, its title and what can be done. */
export function head(title, { above, below, actions } = {}) {
  return h("header", { class: "top" },
    h("div", { class: "title" }, above ? h("p", { class: "crumbs" }, above) : null, h("h1", { tabindex: "-1" }, title), below),
    actions ? h("div", { class: "actions" }, actions) : null);
}

/** poll calls step until it returns true or the page is left: soon after a change, later and later without one. */
export async function poll(step, signal, least = 500, most = 5000) {
  let wait = least;
  while (!signal.aborted) {
    const changed = await step();
    if (changed === true) return;
    wait = changed ? least : Math.min(wait * 1.5, most);
    await new Promise((resolve) => setTimeout(resolve, document.hidden ? most : wait));
  }
}
