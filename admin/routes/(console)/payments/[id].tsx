import { page } from "fresh";
import { api } from "../../../api.ts";
import { Badge, Card, Empty, Facts, Money, PageHead, Time, words } from "../../../components/ui.tsx";
import { need } from "../../../forms.ts";
import { texts } from "../../../texts.ts";
import type { Order, Payment, Refund } from "../../../types.ts";
import { define } from "../../../utils.ts";

/** With these something is left to be done. */
const OPEN = ["authorized", "captured", "partially_refunded"];

interface Data {
  payment: Payment;
  refunds: Refund[];
  order: Order;
}

export const handler = define.handlers<Data>({
  GET: async (ctx) => {
    need(ctx.state, "payment:read");
    const { get } = api(ctx);
    const payment = await get<Payment>(`/payments/${encodeURIComponent(ctx.params.id ?? "")}`);
    const [order, refunds] = await Promise.all([
      get<Order>(`/orders/${payment.order_id}`),
      get<{ data: Refund[] }>(`/payments/${payment.id}/refunds`),
    ]);
    ctx.state.title = texts.payments.one(order.number);
    return page({ payment, order, refunds: refunds.data });
  },
});

export default define.page<typeof handler>(({ data: { payment, refunds, order }, state: { locale } }) => (
  <div class="narrow stack">
    <PageHead
      title={texts.payments.one(order.number)}
      back={["/payments", texts.nav.payments]}
      badge={<Badge status={payment.status} />}
    >
      <a class="button" href={`/orders/${order.id}#payment`}>
        {OPEN.includes(payment.status) ? texts.payments.toOrder : texts.payments.openOrder}
      </a>
    </PageHead>
    <Card>
      <Facts
        facts={[
          [texts.orders.number, <a key="order" href={`/orders/${order.id}`}>{texts.orders.name(order.number)}</a>],
          [texts.payments.time, <Time key="time" time={payment.create_time} locale={locale} full />],
          [texts.payments.method, payment.method],
          [texts.payments.amount, <Money key="amount" value={payment.amount} locale={locale} />],
          [texts.payments.captured, <Money key="captured" value={payment.captured_amount} locale={locale} />],
          [texts.payments.refunded, <Money key="refunded" value={payment.refunded_amount} locale={locale} />],
          ...(payment.failure_code ? [[texts.orders.failure, words(payment.failure_code)] as const] : []),
          [texts.payments.reference, <code key="id">{payment.id}</code>],
        ]}
      />
    </Card>
    <Card title={texts.payments.refunds}>
      {refunds.length === 0 ? <Empty title={texts.payments.noRefunds} /> : (
        <ul class="plain-list">
          {refunds.map(({ id, amount, reason, status, create_time }) => (
            <li key={id}>
              <Money value={amount} locale={locale} /> <Badge status={status} />
              <p class="muted">
                {reason} · <Time time={create_time} locale={locale} />
              </p>
            </li>
          ))}
        </ul>
      )}
    </Card>
  </div>
));
