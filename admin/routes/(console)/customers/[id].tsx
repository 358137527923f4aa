import { page } from "fresh";
import { api } from "../../../api.ts";
import { orderColumns } from "../../../components/orders/columns.tsx";
import { Pagination, Table } from "../../../components/table.tsx";
import { ConfirmButton, Form } from "../../../components/form.tsx";
import { Card, Empty, Facts, PageHead, Time } from "../../../components/ui.tsx";
import { number } from "../../../format.ts";
import { setFlash } from "../../../flash.ts";
import { attempt, need } from "../../../forms.ts";
import { texts } from "../../../texts.ts";
import type { Order, Page, User } from "../../../types.ts";
import { define, may } from "../../../utils.ts";

interface Data {
  customer: User;
  orders: Page<Order>;
}

export const handler = define.handlers<Data>({
  GET: async (ctx) => {
    need(ctx.state, "user:read");
    const id = ctx.params.id ?? "";
    const { get } = api(ctx);
    const cursor = ctx.url.searchParams.get("cursor") ?? undefined;
    const customer = await get<User>(`/users/${encodeURIComponent(id)}`);
    const orders = await get<Page<Order>>("/orders", { user_id: customer.id, cursor, limit: 20, count: "exact" });
    ctx.state.title = customer.name || customer.email;
    return page({ customer, orders });
  },

  /** Erases the customer. */
  POST: async (ctx) => {
    need(ctx.state, "privacy:write");
    const path = `/users/${encodeURIComponent(ctx.params.id ?? "")}`;
    const { get, post } = api(ctx);
    const { id, email } = await get<User>(path);
    const answer = await attempt(post(`${path}/erase`));
    if ("errors" in answer) await setFlash(ctx.state, answer.errors.summary, "bad");
    else await setFlash(ctx.state, texts.customers.erasing(email));
    return ctx.redirect("errors" in answer ? `/customers/${id}` : "/customers", 303);
  },
});

export default define.page<typeof handler>(({ data: { customer, orders }, state, url }) => {
  const { locale } = state;
  const { total } = orders;
  return (
    <>
      <PageHead title={customer.name || customer.email} back={["/customers", texts.nav.customers]} />
      <div class="columns">
        <div class="stack">
          <Card title={texts.nav.orders}>
            {orders.data.length === 0 ? <Empty title={texts.customers.noOrders} /> : (
              <Table
                label={texts.nav.orders}
                rows={orders.data}
                columns={orderColumns(locale)}
                href={({ id }) => `/orders/${id}`}
              />
            )}
          </Card>
          <Pagination url={url} next_cursor={orders.next_cursor} />
        </div>
        <Card title={texts.customers.one}>
          <Facts
            facts={[
              [texts.customers.name, customer.name],
              [
                texts.customers.email,
                <a key="mail" href={`mailto:${encodeURIComponent(customer.email)}`}>{customer.email}</a>,
              ],
              [texts.customers.since, <Time key="since" time={customer.create_time} locale={locale} />],
              ...(total === undefined ? [] : [[texts.nav.orders, number(total, locale)] as const]),
            ]}
          />
          {may(state, "user:write") && customer.id !== state.user.id && (
            <p class="card-foot">
              <a href={`/staff/${customer.id}`}>{texts.customers.makeStaff}</a>
            </p>
          )}
          {may(state, "privacy:write") && (
            <div class="card-foot stack">
              <a class="button" href={`/customers/${customer.id}/export`} download>{texts.customers.exportData}</a>
              {customer.id !== state.user.id && (
                <Form>
                  <ConfirmButton
                    label={texts.customers.erase}
                    says={texts.customers.eraseSays}
                    does={texts.customers.eraseDoes}
                  />
                </Form>
              )}
            </div>
          )}
        </Card>
      </div>
    </>
  );
});
