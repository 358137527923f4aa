import { cookie, cookieOf, forget } from "./cookies.ts";
import { seal, unseal } from "./seal.ts";
import type { State } from "./utils.ts";

const NAME = "nano_flash";
const MAX_AGE_S = 60;

/** What a write did, shown on the next page. */
export interface Flash {
  text: string;
  tone: "good" | "bad";
}

/** Has the next page say what was done; it outlives the redirect in a short sealed cookie. */
export async function setFlash(state: State, text: string, tone: Flash["tone"] = "good"): Promise<void> {
  state.cookies.push(cookie(NAME, await seal("flash", { text: text.slice(0, 1000), tone }), MAX_AGE_S));
}

/** What the write before left to be said. */
export async function readFlash(request: Request): Promise<Flash | undefined> {
  const text = cookieOf(request, NAME);
  const value = text ? await unseal("flash", text) : undefined;
  return typeof value === "object" && value !== null && "text" in value ? value as Flash : undefined;
}

/** Once shown it is gone. */
export function dropFlash(state: State): void {
  state.cookies.unshift(forget(NAME));
}
