import { HttpError } from "fresh";
import { ApiError } from "./api.ts";
import type { Permission } from "../services/shared/permissions.ts";
import { faults, type FormErrors, NO_ERRORS } from "./form_errors.ts";
import { texts } from "./texts.ts";
import { may, type State } from "./utils.ts";

export { faults, type FormErrors, NO_ERRORS };

/** Refusals of what was typed. A 403 is one where it has a reason of its own, such as `refund_limit`. */
const OF_INPUT: readonly number[] = [400, 402, 403, 409, 413, 415, 422, 429];

/** What no form answers: the boundary does. */
const ELSEWHERE: readonly string[] = ["forbidden", "step_up_required", "totp_enrolment_required"];

/** What the gateway answers, or, where it refuses what was typed, the errors to show. */
export async function attempt<T>(work: Promise<T>): Promise<{ value: T } | { errors: FormErrors; refusal: ApiError }> {
  try {
    return { value: await work };
  } catch (error) {
    if (!(error instanceof ApiError) || !OF_INPUT.includes(error.status) || ELSEWHERE.includes(error.code)) throw error;
    return { errors: { summary: error.message, fields: error.fields }, refusal: error };
  }
}

/** What a request brings as a form; a body that is none is the sender's fault, not ours. */
export async function formOf(request: Request): Promise<FormData> {
  try {
    return await request.formData();
  } catch (error) {
    if (error instanceof TypeError) throw new HttpError(400, texts.form.unreadable, { cause: error });
    throw error;
  }
}

/** A form's fields as text; the first of each name, trimmed. Files are left out. */
export function textsOf(form: FormData): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [name, value] of form) {
    if (typeof value === "string") values[name] ??= value.trim();
  }
  return values;
}

/** Refuses who lacks a permission in the store at hand, whatever the form says. */
export function need(state: State, permission: Permission): void {
  if (!may(state, permission)) throw new HttpError(403);
}

/** The path to go to after signing in: ours, or else the home page. */
export function safeNext(next: string | null | undefined): string {
  if (!next || !/^\/(?![/\\])/.test(next)) return "/";
  const url = new URL(next, "http://console.invalid");
  // Dots that fold away may leave two slashes, which in a link are another host.
  return url.host === "console.invalid" ? url.pathname.replace(/^\/+/, "/") + url.search : "/";
}
