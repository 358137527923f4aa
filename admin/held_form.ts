import { cookie, cookieOf, forget } from "./cookies.ts";
import { seal, unseal } from "./seal.ts";
import type { State } from "./utils.ts";

const NAME = "nano_form";
const MAX_AGE_S = 300;
/** Browsers keep no cookie over 4 KB. */
const MAX_COOKIE = 3800;
const MAX_BODY = 3000;
/** In which each field has a head of its own, which is not kept. */
const MAX_MULTIPART = 16_000;
/** What is typed again rather than kept anywhere. */
const SECRET = /password|code/;

/** A form that waits until its sender has confirmed who that is, or has signed in again. */
export interface HeldForm {
  user_id: string;
  /** Where it was sent. */
  path: string;
  fields: [name: string, value: string][];
}

/** A copy of a small form's request, as its body can be read once; undefined for all else. */
export function copyOfForm(request: Request): Request | undefined {
  const size = Number(request.headers.get("Content-Length") ?? NaN);
  const type = request.headers.get("Content-Type") ?? "";
  const kept = type.startsWith("application/x-www-form-urlencoded") && size <= MAX_BODY ||
    type.startsWith("multipart/form-data") && size <= MAX_MULTIPART;
  return kept && request.method === "POST" ? request.clone() : undefined;
}

/** Has the browser keep somebody's form for five minutes, sealed, so that nothing is typed twice. Files are not kept. */
export async function holdForm(state: State, user_id: string, path: string, copy: Request): Promise<void> {
  const fields = await fieldsOf(copy);
  if (!fields) return;
  const line = cookie(NAME, await seal("form", { user_id, path, fields }), MAX_AGE_S);
  if (line.length <= MAX_COOKIE) state.cookies.push(line);
}

/** A form's fields; undefined where a secret or a file is among them. */
export async function fieldsOf(copy: Request): Promise<HeldForm["fields"] | undefined> {
  const form = await copy.formData().catch(() => undefined);
  const fields: HeldForm["fields"] = [];
  for (const [name, value] of form ?? []) {
    if (SECRET.test(name) || (typeof value !== "string" && value.size > 0)) return undefined;
    if (typeof value === "string") fields.push([name, value]);
  }
  return form && fields;
}

/** The form that the browser keeps for this person. */
export async function heldForm(request: Request, user_id: string): Promise<HeldForm | undefined> {
  const text = cookieOf(request, NAME);
  const held = text ? await unseal("form", text) as HeldForm | undefined : undefined;
  return held?.user_id === user_id ? held : undefined;
}

/** Once shown it is gone. */
export function dropForm(state: State): void {
  state.cookies.push(forget(NAME));
}
