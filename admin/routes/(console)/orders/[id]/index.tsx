import { HttpError, page } from "fresh";
import { api } from "../../../../api.ts";
import { ErrorSummary } from "../../../../components/form.tsx";
import { Addresses, Buyer } from "../../../../components/orders/buyer.tsx";
import { Items } from "../../../../components/orders/items.tsx";
import { CancelPanel, MovePanel, Shipments, ShipPanel } from "../../../../components/orders/fulfilment.tsx";
import { History } from "../../../../components/orders/history.tsx";
import { Payments } from "../../../../components/orders/payments.tsx";
import { Badge, PageHead, Time } from "../../../../components/ui.tsx";
import { entryOf } from "../../../../entry.ts";
import { setFlash } from "../../../../flash.ts";
import { attempt, faults, type FormErrors, formOf, need, textsOf } from "../../../../forms.ts";
import { ACTIONS, Mistyped } from "../../../../orders/actions.ts";
import { loadOrder, type OrderView } from "../../../../orders/load.ts";
import { refusedOfGone } from "../../../../orders/refused.ts";
import { texts } from "../../../../texts.ts";
import type { Order } from "../../../../types.ts";
import { define, may } from "../../../../utils.ts";

export const handler = define.handlers<OrderView>({
  GET: async (ctx) => {
    need(ctx.state, "order:read");
    const view = await loadOrder(ctx, ctx.params.id ?? "");
    ctx.state.title = texts.orders.name(view.order.number);
    return page(view);
  },
  POST: async (ctx) => {
    need(ctx.state, "order:read");
    const id = encodeURIComponent(ctx.params.id ?? "");
    const values = textsOf(await formOf(ctx.req));
    const act = entryOf(ACTIONS, values.action ?? "");
    if (!act) throw new HttpError(400);
    const order = await api(ctx).get<Order>(`/orders/${id}`);
    const errors = await errorsOf(act(ctx, order, values).then((text) => setFlash(ctx.state, text)));
    if (!errors) return ctx.redirect(`/orders/${order.id}`, 303);
    const view = await loadOrder(ctx, order.id);
    ctx.state.title = texts.orders.name(order.number);
    const action = `${values.action}${values.payment_id ?? ""}`;
    return page({ ...view, refused: { action, errors, values } }, { status: 422 });
  },
});

/** What was refused, by the gateway or before; undefined if all was well. */
async function errorsOf(work: Promise<void>): Promise<FormErrors | undefined> {
  try {
    const answer = await attempt(work);
    return "errors" in answer ? answer.errors : undefined;
  } catch (error) {
    if (error instanceof Mistyped) return faults("", error.fields);
    throw error;
  }
}

export default define.page<typeof handler>(({ data, state }) => {
  const { order } = data;
  const { locale } = state;
  const writes = may(state, "order:write");
  const refused = refusedOfGone(data);
  return (
    <>
      <PageHead
        title={texts.orders.name(order.number)}
        back={["/orders", texts.nav.orders]}
        badge={
          <>
            <Badge status={order.status} />
            <Badge status={order.payment_status} text={texts.orders.paymentIs(order.payment_status)} />
          </>
        }
      >
        <span class="muted">
          <Time time={order.create_time} locale={locale} full />
        </span>
        <a class="button" href={`/orders/${order.id}/print`}>{texts.orders.print}</a>
        {writes && <MovePanel order={order} />}
      </PageHead>
      {refused && <ErrorSummary errors={refused} />}
      <div class="columns">
        <div class="stack">
          <Items order={order} pictures={data.pictures} locale={locale} />
          {writes && <ShipPanel view={data} />}
          <Shipments view={data} locale={locale} />
          <History view={data} state={state} />
        </div>
        <div class="stack">
          <Payments view={data} state={state} />
          <Buyer order={order} linked={may(state, "user:read")} />
          <Addresses order={order} />
          {writes && <CancelPanel view={data} locale={locale} />}
        </div>
      </div>
    </>
  );
});
