import type { Middleware } from "./types.ts";

/** Redirects to the one form of each URL: with a slash at its end, or without. */
export function trailingSlashes<State>(mode: "always" | "never"): Middleware<State> {
  return (ctx) => {
    const { pathname, search } = ctx.url;
    const ends = pathname.endsWith("/");
    if (pathname === "/" || ends === (mode === "always")) return ctx.next();
    return ctx.redirect((ends ? pathname.slice(0, -1) : `${pathname}/`) + search);
  };
}
