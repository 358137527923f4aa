import type { Context } from "./context.ts";
import { HttpError } from "./http_error.ts";
import type { Middleware } from "./types.ts";

export interface CsrfOptions<State = unknown> {
  /** Origins that may send forms here; without it the app's own. */
  origin?: string | string[] | ((origin: string, ctx: Context<State>) => boolean);
}

/** Answers 403 to writes that another site's page sends: by Sec-Fetch-Site, else by Origin; who sends neither is no browser. */
export function csrf<State>({ origin: allowed }: CsrfOptions<State> = {}): Middleware<State> {
  const isAllowed = (origin: string, ctx: Context<State>) => {
    if (typeof allowed === "function") return allowed(origin, ctx);
    return allowed ? [allowed].flat().includes(origin) : origin === ctx.url.origin;
  };
  return (ctx) => {
    const { method, headers } = ctx.req;
    const [site, origin] = [headers.get("Sec-Fetch-Site"), headers.get("Origin")];
    const safe = ["GET", "HEAD", "OPTIONS"].includes(method) || site === "same-origin" || site === "none" ||
      (site === null && origin === null);
    if (safe || (origin !== null && isAllowed(origin, ctx))) return ctx.next();
    throw new HttpError(403);
  };
}
