import { page } from "fresh";
import { api } from "../../../api.ts";
import { ConfirmButton, Form } from "../../../components/form.tsx";
import { Pagination, Table } from "../../../components/table.tsx";
import { Badge, Empty, PageHead, Time } from "../../../components/ui.tsx";
import { setFlash } from "../../../flash.ts";
import { formOf, need, textsOf } from "../../../forms.ts";
import { texts } from "../../../texts.ts";
import type { ApiKey, Page } from "../../../types.ts";
import { define, may } from "../../../utils.ts";

const t = texts.apiKeys;

export const handler = define.handlers({
  GET: async (ctx) => {
    need(ctx.state, "key:read");
    ctx.state.title = t.title;
    const cursor = ctx.url.searchParams.get("cursor") ?? undefined;
    return page(await api(ctx).get<Page<ApiKey>>("/api-keys", { cursor, limit: 25 }));
  },
  POST: async (ctx) => {
    need(ctx.state, "key:write");
    const { id = "" } = textsOf(await formOf(ctx.req));
    await api(ctx).del(`/api-keys/${encodeURIComponent(id)}`);
    await setFlash(ctx.state, t.revoked);
    return ctx.redirect("/api-keys", 303);
  },
});

export default define.page<typeof handler>(({ data: { data, next_cursor }, state, url }) => (
  <>
    <PageHead title={t.title} back={["/settings", texts.settings.title]}>
      {may(state, "key:write") && <a class="button primary" href="/api-keys/new">{t.add}</a>}
    </PageHead>
    {data.length === 0
      ? (
        <Empty title={t.empty}>
          <p>{t.emptyHint}</p>
          {may(state, "key:write") && <a class="button primary" href="/api-keys/new">{t.add}</a>}
        </Empty>
      )
      : (
        <Table
          label={t.title}
          rows={data}
          columns={[
            { title: t.name, cell: ({ name }) => name },
            { title: t.key, line: true, cell: ({ prefix, last4 }) => <code>{prefix}…{last4}</code> },
            { title: t.kind, wide: true, cell: ({ kind }) => t.kinds[kind] },
            {
              title: t.scopes,
              wide: true,
              cell: ({ scopes }) => scopes.length > 0 ? scopes.join(", ") : texts.table.none,
            },
            {
              title: t.lastUsed,
              labelled: true,
              line: true,
              cell: ({ last_used_time }) =>
                last_used_time ? <Time time={last_used_time} locale={state.locale} /> : t.never,
            },
            {
              title: t.status,
              act: true,
              cell: ({ id, name, revoke_time }) =>
                revoke_time ? <Badge status="revoked" text={t.isRevoked} /> : may(state, "key:write")
                  ? (
                    <Form>
                      <input type="hidden" name="id" value={id} />
                      <ConfirmButton label={t.revoke} does={t.revokeDo} says={t.revokeSays(name)} />
                    </Form>
                  )
                  : <Badge status="active" />,
            },
          ]}
        />
      )}
    <Pagination url={url} next_cursor={next_cursor} />
  </>
));
