import { page } from "fresh";
import { api } from "../../../../api.ts";
import { SignedInList } from "../../../../components/signed_in.tsx";
import { Pagination } from "../../../../components/table.tsx";
import { PageHead } from "../../../../components/ui.tsx";
import { setFlash } from "../../../../flash.ts";
import { formOf, need, textsOf } from "../../../../forms.ts";
import { texts } from "../../../../texts.ts";
import type { SignedIn } from "../../../../identity_types.ts";
import type { Page, User } from "../../../../types.ts";
import { define } from "../../../../utils.ts";

const t = texts.sessions;

interface Data {
  member: User;
  sessions: Page<SignedIn>;
}

/** Where somebody else is signed in, for who may end that. */
export const handler = define.handlers<Data>({
  GET: async (ctx) => {
    need(ctx.state, "user:write");
    const { get } = api(ctx);
    const path = `/users/${encodeURIComponent(ctx.params.id ?? "")}`;
    const cursor = ctx.url.searchParams.get("cursor") ?? undefined;
    const [member, sessions] = await Promise.all([
      get<User>(path),
      get<Page<SignedIn>>(`${path}/sessions`, { limit: 50, cursor }),
    ]);
    ctx.state.title = t.of(member.name || member.email);
    return page({ member, sessions });
  },
  POST: async (ctx) => {
    need(ctx.state, "user:write");
    const { end = "" } = textsOf(await formOf(ctx.req));
    const id = encodeURIComponent(ctx.params.id ?? "");
    const all = end === "all";
    await api(ctx).del(`/users/${id}/sessions${all ? "" : `/${encodeURIComponent(end)}`}`);
    await setFlash(ctx.state, all ? t.allEnded : t.ended);
    return ctx.redirect(`/staff/${id}/sessions`, 303);
  },
});

export default define.page<typeof handler>(({ data: { member, sessions }, state, url }) => {
  const name = member.name || member.email;
  return (
    <div class="stack">
      <PageHead title={t.of(name)} back={[`/staff/${member.id}`, name]} />
      <SignedInList sessions={sessions.data} locale={state.locale} all={[t.endAll, t.endAllSays]} />
      <Pagination url={url} next_cursor={sessions.next_cursor} />
    </div>
  );
});
