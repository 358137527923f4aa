import { cookie, cookieOf, forget } from "./cookies.ts";
import { seal, unseal } from "./seal.ts";
import type { State } from "./utils.ts";

const NAME = "nano_form";
const MAX_AGE_S = 300;
/** Browsers keep no cookie over 4 KB. */
const MAX_COOKIE = 3800;
const MAX_BODY = 3000;
/** What is typed again rather than kept anywhere. */
const SECRET = /password|code/;

/** A form that waits until its sender has confirmed who that is. */
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
  const kept = request.method === "POST" && size <= MAX_BODY && type.startsWith("application/x-www-form-urlencoded");
  return kept ? request.clone() : undefined;
}

/** Has the browser keep a form for five minutes, sealed, so that nothing is typed twice. */
export async function holdForm(state: State, path: string, copy: Request): Promise<void> {
  const fields = [...await copy.formData()].map(([name, value]) => [name, String(value)] as const);
  if (fields.some(([name]) => SECRET.test(name))) return;
  const line = cookie(NAME, await seal("form", { user_id: state.user.id, path, fields }), MAX_AGE_S);
  if (line.length <= MAX_COOKIE) state.cookies.push(line);
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
