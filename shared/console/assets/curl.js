// The request that a page makes, as a line for a terminal.

import { h, copy } from "./ui.js";
import * as client from "./client.js";

const quoted = (text) => "'" + text.replaceAll("'", "'\\''") + "'";

// What cannot be seen, or would turn the order of the line around, is written
// as JSON escapes: one copies what one reads.
const unseen = /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
const visible = (json) => json.replace(unseen, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));

/** picture stands in a body for the bytes of a file, which the shell is to read. */
export const picture = { b64: "PICTURE" };

/** line writes a request for a POSIX shell. The key is named, never shown. */
function line(method, where, body, file) {
  const parts = ["curl -s " + quoted(client.address(where))];
  if (client.needsKey()) parts.push('-H "Authorization: Bearer $GODWIT_KEY"');
  if (body === undefined) return parts.join(" \\\n  ");
  parts.push("-H 'Content-Type: application/json'");
  const json = visible(JSON.stringify(body));
  if (!file) return [...parts, "-d " + quoted(json)].join(" \\\n  ");
  // Through a pipe: an argument may not be as long as a picture.
  const [before, after] = json.split(picture.b64);
  return `{ printf %s ${quoted(before)}; base64 < ${quoted(file)} | tr -d '\\n'; printf %s ${quoted(after)}; } |\n  ` + [...parts, "-d @-"].join(" \\\n  ");
}

/** curl shows it with a button that copies it. */
export function curl(method, where, body, file) {
  const text = line(method, where, body, file);
  return h("div", { class: "curl" }, h("pre", { tabindex: "0", "aria-label": "curl" }, h("code", { dir: "ltr" }, text)), copy(() => text));
}
