import { page } from "fresh";
import { api } from "../../api.ts";
import { Pagination } from "../../components/table.tsx";
import { SignedInList } from "../../components/signed_in.tsx";
import { PageHead } from "../../components/ui.tsx";
import { setFlash } from "../../flash.ts";
import { formOf, textsOf } from "../../forms.ts";
import { texts } from "../../texts.ts";
import type { SignedIn } from "../../identity_types.ts";
import type { Page } from "../../types.ts";
import { define } from "../../utils.ts";

const t = texts.sessions;
const PATH = "/users/me/sessions";

/** Where the operator is signed in; ends one session, or all but this. */
export const handler = define.handlers<Page<SignedIn>>({
  GET: async (ctx) => {
    ctx.state.title = t.title;
    const cursor = ctx.url.searchParams.get("cursor") ?? undefined;
    return page(await api(ctx).get<Page<SignedIn>>(PATH, { limit: 50, cursor }));
  },
  POST: async (ctx) => {
    const { end = "" } = textsOf(await formOf(ctx.req));
    const all = end === "all";
    await api(ctx).del(all ? PATH : `${PATH}/${encodeURIComponent(end)}`);
    await setFlash(ctx.state, all ? t.allEnded : t.ended);
    return ctx.redirect("/sessions", 303);
  },
});

export default define.page<typeof handler>(({ data: { data, next_cursor }, state, url }) => (
  <div class="stack">
    <PageHead title={t.title} back={["/profile", texts.frame.profile]} />
    <SignedInList sessions={data} locale={state.locale} all={[t.endOthers, t.endOthersSays]} />
    <Pagination url={url} next_cursor={next_cursor} />
  </div>
));
