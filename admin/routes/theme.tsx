import { cookie, forget } from "../cookies.ts";
import { formOf, safeNext } from "../forms.ts";
import { define } from "../utils.ts";

const YEAR_S = 365 * 24 * 3600;

/** Light, dark or as the device has it; then back to the page. */
export const handler = define.handlers({
  POST: async (ctx) => {
    const form = await formOf(ctx.req);
    const theme = form.get("theme");
    const known = theme === "light" || theme === "dark";
    ctx.state.cookies.push(known ? cookie("nano_theme", theme, YEAR_S) : forget("nano_theme"));
    return ctx.redirect(safeNext(back(ctx.req, ctx.url)), 303);
  },
});

/** The path of the page that sent the form. */
function back(req: Request, url: URL): string {
  const referer = URL.parse(req.headers.get("Referer") ?? "");
  return referer?.host === url.host ? referer.pathname + referer.search : "/";
}
