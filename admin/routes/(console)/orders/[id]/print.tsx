import { page } from "fresh";
import { api } from "../../../../api.ts";
import { Lines } from "../../../../components/orders/buyer.tsx";
import { Items } from "../../../../components/orders/items.tsx";
import { Card, PageHead, Time } from "../../../../components/ui.tsx";
import { need } from "../../../../forms.ts";
import { texts } from "../../../../texts.ts";
import type { Order } from "../../../../types.ts";
import { define } from "../../../../utils.ts";

/** The packing slip: for paper, and for reading before it is printed. */
export const handler = define.handlers<Order>({
  GET: async (ctx) => {
    need(ctx.state, "order:read");
    const order = await api(ctx).get<Order>(`/orders/${encodeURIComponent(ctx.params.id ?? "")}`);
    ctx.state.title = texts.orders.slip(order.number);
    return page(order);
  },
});

export default define.page<typeof handler>(({ data: order, state: { store, locale } }) => (
  <div class="narrow stack">
    <PageHead title={texts.orders.slip(order.number)} back={[`/orders/${order.id}`, texts.orders.name(order.number)]} />
    <p class="hint no-print">{texts.orders.printHint}</p>
    <p class="wrap">
      <strong>{store.name}</strong> · <Time time={order.create_time} locale={locale} full />
    </p>
    <div class="grid">
      <Card title={texts.orders.shipTo}>
        <Lines address={order.shipping_address} />
      </Card>
      {order.billing_address && (
        <Card title={texts.orders.billTo}>
          <Lines address={order.billing_address} />
        </Card>
      )}
    </div>
    <Items order={order} pictures={{}} locale={locale} />
    {order.note && (
      <Card title={texts.orders.buyersNote}>
        <p class="wrap">{order.note}</p>
      </Card>
    )}
  </div>
));
