import { HttpError } from "fresh";
import { api, ApiError } from "../../api.ts";
import { cookie, cookieOf } from "../../cookies.ts";
import { dropFlash, readFlash } from "../../flash.ts";
import { askStores, named, ownStores } from "../../own_stores.ts";
import { readSession } from "../../session.ts";
import { texts } from "../../texts.ts";
import type { Me } from "../../types.ts";
import { define } from "../../utils.ts";
import { readViews } from "../../views.ts";

const STORE_COOKIE = "nano_store";
const YEAR_S = 365 * 24 * 3600;

/**
 * Lets only operators pass: who is it, for which store; others are sent to the sign-in by the boundary. The store is that
 * of the address, as each form's has it, else the one last switched to or written to, which a cookie keeps.
 */
export const handler = define.middleware(async (ctx) => {
  const { req, state, url } = ctx;
  const session = await readSession(req);
  if (!session) throw new ApiError(401, {});
  state.session = session;
  const gateway = api(ctx);
  const names = session.stores ?? [];
  const [user, guessed, flash] = await Promise.all([
    gateway.get<Me>("/users/me"),
    askStores(gateway, names),
    readFlash(req),
  ]);
  const asked = url.searchParams.get("store");
  const wanted = asked || cookieOf(req, STORE_COOKIE);
  const stores = await ownStores(gateway, user, wanted, { names, stores: guessed });
  const found = named(stores, wanted);
  const store = found ?? stores[0];
  if (!store) throw new ApiError(401, {});
  // What was typed for one store is never written to another.
  if (wanted && !found && req.method === "POST") throw new HttpError(403, texts.frame.noSuchStore);
  if (asked && found && !fromElsewhere(req)) state.cookies.push(cookie(STORE_COOKIE, store.id, YEAR_S));
  Object.assign(state, { user, stores, store, locale: store.locale, views: readViews(req) });
  if (flash) state.flash = flash;

  const response = await ctx.next();
  const shown = response.headers.get("Content-Type")?.startsWith("text/html");
  if (flash && shown && req.method === "GET") dropFlash(state);
  return response;
});

/** Whether another site's link led here: it shows a store once, and switches nobody to it. */
function fromElsewhere({ headers }: Request): boolean {
  return ["cross-site", "same-site"].includes(headers.get("Sec-Fetch-Site") ?? "");
}
