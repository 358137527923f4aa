import { HttpError } from "fresh";
import { setFlash } from "../../flash.ts";
import { formOf, textsOf } from "../../forms.ts";
import { texts } from "../../texts.ts";
import { define } from "../../utils.ts";
import { keepViews, newView } from "../../views.ts";

const t = texts.views;

/** Saves a list as one sees it under a name, or drops it, and goes back to it. */
export const handler = define.handlers({
  POST: async (ctx) => {
    const { state } = ctx;
    const { act, name = "", view: wanted = "" } = textsOf(await formOf(ctx.req));
    const view = newView(act === "drop" ? "-" : name, state.store.slug, wanted);
    if (!view) throw new HttpError(400);
    const others = state.views.filter(({ store, path, query, name }) =>
      store !== view.store || path !== view.path || (query !== view.query && name !== view.name)
    );
    if (act === "drop") {
      keepViews(state, others);
      await setFlash(state, t.dropped);
    } else if (keepViews(state, [...others, view])) await setFlash(state, t.saved(view.name));
    else await setFlash(state, t.full, "bad");
    return ctx.redirect(view.path + view.query, 303);
  },
});
