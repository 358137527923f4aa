import { Buffer } from "node:buffer";
import { invalid } from "../shared/errors.ts";

/** Far more than any client sends. */
const MAX_PARTS = 16;
const MAX_HEAD = 4 * 1024;

/**
 * Refuses a form of many parts, or with long heads, before it is read: one of 5 MiB of nothing else takes seconds. What
 * follows its end counts as a head too.
 */
export function checkForm(form: Uint8Array, type: string): void {
  const bytes = Buffer.from(form.buffer, form.byteOffset, form.byteLength);
  const boundary = `--${/;\s*boundary="?([^\s";]+)/i.exec(type)?.[1] ?? ""}`;
  let at = bytes.indexOf(boundary);
  if (boundary === "--" || at < 0 || at > MAX_HEAD) throw unreadable();
  for (let parts = 0; at >= 0; parts++) {
    if (parts > MAX_PARTS) throw unreadable();
    const from = at + boundary.length;
    const head = bytes.subarray(from, from + MAX_HEAD);
    const end = head.subarray(0, 2).toString() === "--";
    if (end ? bytes.length - from > MAX_HEAD : !head.includes("\r\n\r\n")) throw unreadable();
    at = bytes.indexOf(boundary, from);
  }
}

function unreadable() {
  return invalid("invalid_request", "The form can't be read.");
}
