import { HttpError } from "fresh";
import { ApiError } from "./api.ts";
import { cookieOf } from "./cookies.ts";
import { ErrorPage } from "./components/error_page.tsx";
import { withQuery } from "./components/table.tsx";
import { safeNext } from "./forms.ts";
import { copyOfForm, fieldsOf, holdForm } from "./held_form.ts";
import { log } from "./log.ts";
import { endSession, readSession } from "./session.ts";
import { define, type Theme } from "./utils.ts";

const THEMES: readonly string[] = ["light", "dark"];

/**
 * Renders and logs what is thrown, and adds the cookies that were set on the way, so that an error page loses none.
 * Stands within `csp()`, which `routes/_error.tsx` is outside of. Takes the error that it caught, as `ctx.error` lacks
 * that of an unknown URL.
 */
export const boundary = define.middleware(async (ctx) => {
  const { req, state, url } = ctx;
  const theme = cookieOf(req, "nano_theme") ?? "";
  state.cookies = [];
  state.theme = THEMES.includes(theme) ? theme as Theme : "auto";
  const form = copyOfForm(req);
  const answer = async () => {
    try {
      return await ctx.next();
    } catch (error) {
      const status = statusOf(error);
      if (status === 401) {
        const ended = form && (await readSession(req))?.user_id;
        if (ended) await holdForm(state, ended, url.pathname + url.search, form);
        endSession(state);
        const next = req.method === "GET" ? url.pathname + url.search : url.pathname;
        return ctx.redirect(`/login?next=${encodeURIComponent(safeNext(next))}`, 303);
      }
      const code = error instanceof ApiError ? error.code : "";
      if (code === "totp_enrolment_required") return ctx.redirect("/two-factor", 303);
      if (code === "step_up_required") {
        if (form && state.user) await holdForm(state, state.user.id, withQuery(url, { store: state.store.id }), form);
        return ctx.redirect(`/step-up?next=${encodeURIComponent(url.pathname)}`, 303);
      }
      if (status >= 500) log().error({ err: error, http: { request: { id: state.request_id } } }, "a page failed");
      const fields = form && status >= 500 ? await fieldsOf(form) : undefined;
      const page = (
        <ErrorPage
          status={status}
          says={error instanceof HttpError ? error.message : ""}
          request_id={state.request_id}
          state={state}
          {...(fields ? { unsent: { path: url.pathname + url.search, fields } } : {})}
        />
      );
      return await ctx.render(page, { status }, { skipInheritedLayouts: true });
    }
  };
  const response = await answer();
  // Not awaited: a copy is let go of only together with what it is a copy of, which a refusal leaves unread (serve.ts).
  if (form && !form.bodyUsed) form.body?.cancel().catch(() => {});
  for (const line of state.cookies) response.headers.append("Set-Cookie", line);
  response.headers.set("Referrer-Policy", "same-origin");
  response.headers.set("X-Content-Type-Options", "nosniff");
  if (!response.headers.has("Cache-Control")) response.headers.set("Cache-Control", "no-store");
  return response;
});

function statusOf(error: unknown): number {
  return error instanceof HttpError || error instanceof ApiError ? error.status : 500;
}
