import { HttpError, page } from "fresh";
import { Filters } from "../../../components/filters.tsx";
import { ErrorSummary, Form } from "../../../components/form.tsx";
import { orderColumnsWithBuyer } from "../../../components/orders/columns.tsx";
import { Pagination, Table, withQuery } from "../../../components/table.tsx";
import { Views } from "../../../components/views.tsx";
import { NoneFound, PageHead, words } from "../../../components/ui.tsx";
import { entryOf } from "../../../entry.ts";
import { setFlash } from "../../../flash.ts";
import { number } from "../../../format.ts";
import { attempt, faults, type FormErrors, formOf, need, NO_ERRORS } from "../../../forms.ts";
import { loadOrders, moveAll, type OrderList, totalOf } from "../../../orders/list.ts";
import { STATUSES } from "../../../orders/moves.ts";
import { texts } from "../../../texts.ts";
import type { Order } from "../../../types.ts";
import { define, may } from "../../../utils.ts";

interface Data extends OrderList {
  errors: FormErrors;
}

export const handler = define.handlers<Data>({
  GET: async (ctx) => {
    need(ctx.state, "order:read");
    ctx.state.title = texts.nav.orders;
    const answer = await attempt(loadOrders(ctx));
    if ("value" in answer) return page({ ...answer.value, errors: NO_ERRORS });
    return page({ orders: { data: [], next_cursor: null }, counts: {}, errors: answer.errors }, { status: 400 });
  },
  POST: async (ctx) => {
    need(ctx.state, "order:write");
    ctx.state.title = texts.nav.orders;
    const form = await formOf(ctx.req);
    const ids = form.getAll("ids").map(String);
    const status = String(form.get("status") ?? "");
    if (form.has("export") && ids.length > 0) {
      return ctx.redirect(`/orders/export?ids=${ids.slice(0, 100).join(",")}`, 303);
    }
    if (!entryOf(texts.orders.moves, status)) throw new HttpError(400);
    const refuse = async (errors: FormErrors) => page({ ...await loadOrders(ctx), errors }, { status: 422 });
    if (ids.length === 0) return await refuse(faults(texts.orders.noneChosen));
    const answer = await attempt(moveAll(ctx, ids, status));
    if ("errors" in answer) return await refuse(answer.errors);
    await setFlash(ctx.state, answer.value.text, answer.value.tone);
    return ctx.redirect(withQuery(ctx.url, { store: "" }), 303);
  },
});

const { views } = texts.orders;

/** The lists that one looks at every day; each is a link to keep. */
const VIEWS: readonly (readonly [text: string, status: string])[] = [
  [views.all, ""],
  [views.toShip, "paid"],
  [views.processing, "processing"],
  [views.unpaid, "pending_payment"],
  [views.shipped, "shipped"],
  [views.cancelled, "cancelled"],
];

export default define.page<typeof handler>(({ data, state, url }) => {
  const { orders, counts, errors } = data;
  const writes = may(state, "order:write");
  const total = totalOf(data, url);
  return (
    <>
      <PageHead title={texts.nav.orders}>
        <a class="button" href={`/orders/export${url.search}`} download>{texts.orders.exportCsv}</a>
      </PageHead>
      <Views
        label={views.label}
        views={VIEWS.map(([text, status]) => {
          const count = status && counts[status] ? ` ${number(counts[status], state.locale)}` : "";
          return [text + count, status ? `/orders?status=${status}` : "/orders"] as const;
        })}
        url={url}
        state={state}
      />
      <ErrorSummary errors={errors} />
      <Filters
        url={url}
        search={texts.orders.search}
        choices={[{
          name: "status",
          label: texts.orders.status,
          options: [["", views.all], ...STATUSES.map((status) => [status, words(status)] as const)],
        }]}
        days
      />
      {orders.data.length === 0
        ? (
          <NoneFound url={url} found={texts.orders.noneFound} none={texts.orders.none}>
            <p>{texts.orders.noneYet}</p>
          </NoneFound>
        )
        : (
          <Table
            label={texts.nav.orders}
            rows={orders.data}
            columns={orderColumnsWithBuyer(state.locale)}
            href={(order) => `/orders/${order.id}`}
            url={url}
            {...(writes ? { choose: { form: "bulk", name: (order: Order) => `#${order.number}` } } : {})}
          />
        )}
      {writes && orders.data.length > 0 && <BulkMoves />}
      <Pagination
        url={url}
        next_cursor={orders.next_cursor}
        {...(!total ? {} : { total: texts.orders.count(number(total, state.locale)) })}
      />
    </>
  );
});

function BulkMoves() {
  return (
    <Form id="bulk" class="bulk">
      <span class="muted">{texts.table.selected}</span>
      <select name="status" aria-label={texts.orders.newStatus}>
        {Object.entries(texts.orders.moves).map(([status, text]) => <option value={status} key={status}>{text}
        </option>)}
      </select>
      <button type="submit" class="button">{texts.form.apply}</button>
      <button type="submit" class="button" name="export" value="chosen" data-download="">
        {texts.orders.exportChosen}
      </button>
    </Form>
  );
}
