import { api, ApiError } from "../../api.ts";
import { cookie, cookieOf } from "../../cookies.ts";
import { dropFlash, readFlash } from "../../flash.ts";
import { ownStores } from "../../own_stores.ts";
import { readSession } from "../../session.ts";
import type { Me } from "../../types.ts";
import { define } from "../../utils.ts";
import { readViews } from "../../views.ts";

const STORE_COOKIE = "nano_store";
const YEAR_S = 365 * 24 * 3600;

/** Lets only operators pass: who is it, for which store; others are sent to the sign-in by the boundary. */
export const handler = define.middleware(async (ctx) => {
  const { req, state, url } = ctx;
  const session = await readSession(req);
  if (!session) throw new ApiError(401, {});
  state.session = session;
  const gateway = api(ctx);
  const [user, flash] = await Promise.all([gateway.get<Me>("/users/me"), readFlash(req)]);
  const wanted = url.searchParams.get("store") ?? cookieOf(req, STORE_COOKIE);
  const stores = await ownStores(gateway, user, wanted);
  const store = stores.find(({ slug }) => slug === wanted) ?? stores[0];
  if (!store) throw new ApiError(401, {});
  if (url.searchParams.has("store")) state.cookies.push(cookie(STORE_COOKIE, store.slug, YEAR_S));
  Object.assign(state, { user, stores, store, locale: store.locale, views: readViews(req) });
  if (flash) state.flash = flash;

  const response = await ctx.next();
  const shown = response.headers.get("Content-Type")?.startsWith("text/html");
  if (flash && shown && req.method === "GET") dropFlash(state);
  return response;
});
