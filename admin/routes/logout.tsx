import { api } from "../api.ts";
import { endSession, readSession } from "../session.ts";
import { define } from "../utils.ts";

/** Ends the session here and at the gateway. Only by POST: no link and no picture signs anybody out. */
export const handler = define.handlers({
  GET: (ctx) => ctx.redirect("/", 303),
  POST: async (ctx) => {
    const session = await readSession(ctx.req);
    if (session) {
      ctx.state.session = session;
      await api(ctx).post("/auth/logout").catch(() => {});
    }
    endSession(ctx.state);
    return ctx.redirect("/login", 303);
  },
});
