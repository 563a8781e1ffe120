// The HTTP API. The key lives in this module's memory and nowhere else: not in
// storage, not in an address. A reload asks for it again.

let key = "";
let caller = null;

// The console lies beside the API: /console and /v1 under one prefix.
export const base = new URL(".", location.href.split("#")[0]);

/** Problem is an error the API answered with, or the lack of an answer. */
export class Problem extends Error {
  constructor(status, body, headers) {
    super(body.detail || body.error || body.message || `HTTP ${status}`);
    this.status = status;
    this.code = body.code || "";
    this.errors = body.errors || [];
    this.requestID = body.request_id || "";
    this.retryAfter = Number(headers?.get("Retry-After")) || 0;
  }
}

/** address returns the URL of a path of the API; query values that are empty are left out. */
export function address(path, query = {}) {
  const url = new URL(path.replace(/^\//, ""), base);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") url.searchParams.set(name, value);
  }
  return url.href;
}

/** path joins segments, each encoded. */
export const path = (...segments) => "/v1/" + segments.map(encodeURIComponent).join("/");

async function send(method, where, { query, body, signal, headers = {}, accept = "application/json" } = {}) {
  const init = { method, signal, headers: { Accept: accept, ...headers }, cache: "no-store", credentials: "omit", redirect: "error" };
  if (key) init.headers.Authorization = "Bearer " + key;
  if (body !== undefined) {
    init.headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(address(where, query), init);
  } catch (err) {
    if (signal?.aborted) throw err;
    throw new Problem(0, { code: "offline", detail: "" });
  }
  if (response.ok) return response;
  const said = await response.text();
  let problem = {};
  try {
    problem = JSON.parse(said);
  } catch {
    // The gateway's own pages are not JSON: the status says it all.
  }
  const failure = new Problem(response.status, problem, response.headers);
  if (failure.status === 401 && caller) {
    leave();
    dispatchEvent(new CustomEvent("signedout"));
  }
  throw failure;
}

/** get reads JSON. */
export const get = async (where, options) => (await send("GET", where, options)).json();

/** text reads anything else, such as a report. */
export const text = async (where, options) => (await send("GET", where, options)).text();

/** tagged reads JSON and the ETag a change needs; an absent one is {value: null}. */
export async function tagged(where, options) {
  try {
    const response = await send("GET", where, options);
    return { value: await response.json(), etag: response.headers.get("ETag") };
  } catch (err) {
    if (err.status === 404) return { value: null, etag: null };
    throw err;
  }
}

/** create posts what may be repeated without harm after a lost answer. */
export async function create(where, body, options = {}) {
  const once = { ...options, body, headers: { "Idempotency-Key": crypto.randomUUID(), ...options.headers } };
  try {
    return await (await send("POST", where, once)).json();
  } catch (err) {
    if (err.status !== 0) throw err;
    return (await send("POST", where, once)).json();
  }
}

/** change sends a change under the revision that was read; null: there was nothing. */
export async function change(method, where, etag, body, options = {}) {
  const condition = etag ? { "If-Match": etag } : { "If-None-Match": "*" };
  const response = await send(method, where, { ...options, body, headers: condition });
  return response.status === 204 ? null : response.json();
}

/** post sends a request that creates nothing, such as a prediction. */
export const post = async (where, body, options = {}) => (await send("POST", where, { ...options, body })).json();

/** remove deletes without a condition. */
export const remove = async (where) => { await send("DELETE", where); };

/** all reads every page of a list, up to limit items. */
export async function all(where, query = {}, options = {}, limit = 1000) {
  const items = [];
  let token = "";
  do {
    const page = await get(where, { ...options, query: { ...query, limit: 200, page_token: token } });
    items.push(...page.items);
    token = page.next_page_token || "";
  } while (token && items.length < limit);
  return items;
}

/** enter tries a key; "" asks whether none is needed. It returns the caller or throws. */
export async function enter(candidate) {
  const before = key;
  key = candidate.trim();
  try {
    caller = await get("/v1/whoami");
    return caller;
  } catch (err) {
    key = before;
    throw err;
  }
}

/** leave forgets the key. */
export function leave() {
  key = "";
  caller = null;
}

/** who is the caller, null before enter. */
export const who = () => caller;

/** needsKey tells whether a key is in use, for the lines of curl that are shown. */
export const needsKey = () => key !== "";

/** may tells whether the key's scopes allow an action on a model; "": on any. The API decides. */
export function may(action, model = "") {
  return (caller?.scopes || []).some((scope) => {
    const [does, on] = scope.split(":");
    return (does === action || does === "admin") && (!on || on === model);
  });
}

/** upload sends a file to where the API said, telling how much is through. */
export function upload(to, file, { progress, signal }) {
  return new Promise((resolve, reject) => {
    const x = new XMLHttpRequest();
    x.open(to.method, to.url);
    for (const [name, value] of Object.entries(to.headers || {})) {
      // The browser sends these itself and lets nobody else.
      if (!["host", "content-length"].includes(name.toLowerCase())) x.setRequestHeader(name, value);
    }
    x.upload.onprogress = (e) => e.lengthComputable && progress(e.loaded / e.total);
    x.onload = () => (x.status < 300 ? resolve() : reject(new Problem(x.status, { code: "upload_refused", detail: /<Message>([^<]*)/.exec(x.responseText)?.[1] })));
    x.onerror = () => reject(new Problem(0, { code: "upload_blocked" }));
    x.onabort = () => reject(new DOMException("aborted", "AbortError"));
    signal?.addEventListener("abort", () => x.abort());
    x.send(file);
  });
}

/** sha256 returns the digest of a file in hex. */
export async function sha256(file) {
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return [...new Uint8Array(digest)].map((b) => b.toString(16).padStart(2, "0")).join("");
}
