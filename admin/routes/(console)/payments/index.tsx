import { page } from "fresh";
import { api } from "../../../api.ts";
import { Filters } from "../../../components/filters.tsx";
import { type Column, Pagination, Table } from "../../../components/table.tsx";
import { Views } from "../../../components/views.tsx";
import { Badge, Money, NoneFound, PageHead, Time, words } from "../../../components/ui.tsx";
import { need } from "../../../forms.ts";
import { texts } from "../../../texts.ts";
import type { Order, Page, Payment } from "../../../types.ts";
import { define, may, type State } from "../../../utils.ts";

const STATUSES = [
  "pending",
  "unknown",
  "authorized",
  "captured",
  "partially_refunded",
  "refunded",
  "declined",
  "voided",
] as const;

const VIEWS = [
  [texts.payments.views.all, "/payments"],
  [texts.payments.views.toCapture, "/payments?status=authorized"],
  [texts.payments.views.unknown, "/payments?status=unknown"],
  [texts.payments.views.declined, "/payments?status=declined"],
] as const;

interface Row extends Payment {
  /** What people call the order. */
  order_number: number | undefined;
}

export const handler = define.handlers<Page<Row>>({
  GET: async (ctx) => {
    need(ctx.state, "payment:read");
    ctx.state.title = texts.nav.payments;
    const asked = (name: string) => ctx.url.searchParams.get(name) ?? undefined;
    const status = STATUSES.find((known) => known === asked("status"));
    const { get } = api(ctx);
    const payments = await get<Page<Payment>>("/payments", { limit: 50, status, cursor: asked("cursor") });
    const ids = [...new Set(payments.data.map(({ order_id }) => order_id))].join(",");
    const orders = ids ? (await get<Page<Order>>("/orders", { ids, limit: 100 })).data : [];
    const numbers = new Map(orders.map(({ id, number }) => [id, number]));
    const data = payments.data.map((payment) => ({ ...payment, order_number: numbers.get(payment.order_id) }));
    return page({ ...payments, data });
  },
});

function columns({ locale }: State): Column<Row>[] {
  return [
    {
      title: texts.orders.number,
      cell: ({ order_number }) => order_number === undefined ? texts.table.none : `#${order_number}`,
    },
    { title: texts.payments.time, cell: (payment) => <Time time={payment.create_time} locale={locale} /> },
    { title: texts.payments.method, cell: ({ method }) => method, wide: true },
    { title: texts.payments.status, cell: ({ status }) => <Badge status={status} /> },
    {
      title: texts.payments.captured,
      cell: (row) => <Money value={row.captured_amount} locale={locale} />,
      numeric: true,
      wide: true,
    },
    {
      title: texts.payments.refunded,
      cell: (row) => <Money value={row.refunded_amount} locale={locale} />,
      numeric: true,
      wide: true,
    },
    { title: texts.payments.amount, cell: (row) => <Money value={row.amount} locale={locale} />, numeric: true },
  ];
}

export default define.page<typeof handler>(({ data: { data, next_cursor }, state, url }) => (
  <>
    <PageHead title={texts.nav.payments}>
      {may(state, "payment:write") && <a class="button" href="/payments/settings">{texts.payments.settings}</a>}
    </PageHead>
    <Views label={texts.orders.views.label} views={VIEWS} url={url} state={state} />
    <Filters
      url={url}
      choices={[{
        name: "status",
        label: texts.payments.status,
        options: [["", texts.payments.views.all], ...STATUSES.map((status) => [status, words(status)] as const)],
      }]}
    />
    {data.length === 0
      ? <NoneFound url={url} found={texts.payments.noneFound} none={texts.payments.none} />
      : <Table label={texts.nav.payments} rows={data} columns={columns(state)} href={({ id }) => `/payments/${id}`} />}
    <Pagination url={url} next_cursor={next_cursor} />
  </>
));
