import { page } from "fresh";
import { api } from "../../../api.ts";
import { Pagination, Table } from "../../../components/table.tsx";
import { Badge, Empty, PageHead, Time } from "../../../components/ui.tsx";
import { need } from "../../../forms.ts";
import { texts } from "../../../texts.ts";
import type { Page, Webhook } from "../../../types.ts";
import { define, may } from "../../../utils.ts";

const t = texts.webhooks;

export const handler = define.handlers({
  GET: async (ctx) => {
    need(ctx.state, "webhook:read");
    ctx.state.title = t.title;
    const cursor = ctx.url.searchParams.get("cursor") ?? undefined;
    return page(await api(ctx).get<Page<Webhook>>("/webhooks", { cursor, limit: 25 }));
  },
});

export default define.page<typeof handler>(({ data: { data, next_cursor }, state, url }) => (
  <>
    <PageHead title={t.title}>
      {may(state, "webhook:write") && <a class="button primary" href="/webhooks/new">{t.add}</a>}
    </PageHead>
    {data.length === 0
      ? (
        <Empty title={t.empty}>
          <p>{t.emptyHint}</p>
          {may(state, "webhook:write") && <a class="button primary" href="/webhooks/new">{t.add}</a>}
        </Empty>
      )
      : (
        <Table
          label={t.title}
          rows={data}
          href={({ id }) => `/webhooks/${id}`}
          columns={[
            { title: t.url, cell: (webhook) => webhook.url },
            {
              title: t.status,
              cell: ({ status, failing_since }) =>
                failing_since && status === "active"
                  ? <Badge status="failing" tone="bad" text={t.isFailing} />
                  : <Badge status={status} text={t.statuses[status]} />,
            },
            {
              title: t.events,
              wide: true,
              cell: ({ event_types }) => event_types.includes("*") ? t.allEvents : event_types.join(", "),
            },
            { title: t.description, line: true, cell: ({ description }) => description },
            {
              title: texts.products.updated,
              wide: true,
              cell: ({ update_time }) => <Time time={update_time} locale={state.locale} />,
            },
          ]}
        />
      )}
    <Pagination url={url} next_cursor={next_cursor} />
  </>
));
