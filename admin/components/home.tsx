import SalesChart from "../islands/SalesChart.tsx";
import { exponentOf } from "../../services/shared/money.ts";
import type { Permission } from "../../services/shared/permissions.ts";
import { date, money, number } from "../format.ts";
import { texts } from "../texts.ts";
import type { Home, LowStock } from "../types.ts";
import { may, type State } from "../utils.ts";
import { Badge, Card, Empty, Money } from "./ui.tsx";

interface PartProps {
  home: Home;
  state: State;
}

/** What needs somebody, before all else; each leads to where it is done. */
export function ToDo({ home: { to_do }, state }: PartProps) {
  const tiles: readonly (readonly [text: string, count: number | null, href: string, permission: Permission])[] = [
    [texts.home.toShip, to_do.orders_to_ship, "/orders?status=paid", "order:read"],
    [texts.home.payments, to_do.payments_to_look_at, "/payments?status=authorized", "payment:read"],
    [texts.home.lowStock, to_do.low_stock, "#low-stock", "product:read"],
    [texts.home.webhooks, to_do.failed_webhooks, "/webhooks", "webhook:read"],
  ];
  const shown = tiles.filter(([, , , permission]) => may(state, permission));
  return (
    <section aria-label={texts.home.toDo}>
      <h2 class="section-title">{texts.home.toDo}</h2>
      <div class="tiles">
        {shown.map(([text, count, href]) => (
          <a key={href} class={`tile ${count === 0 ? "done" : "todo"}`} href={href}>
            <div class="tile-label">{text}</div>
            <div class="tile-value">{count === null ? "?" : number(count, state.locale)}</div>
          </a>
        ))}
      </div>
    </section>
  );
}

/** The day so far. */
export function Today({ home: { today }, state: { locale } }: PartProps) {
  const tiles = [
    [texts.home.sales, money(today.revenue, locale)],
    [texts.home.orders, number(today.orders, locale)],
    [texts.home.average, money(today.average_order, locale)],
    [texts.home.newCustomers, number(today.new_customers, locale)],
  ] as const;
  return (
    <section aria-label={texts.home.today}>
      <h2 class="section-title">{texts.home.today}</h2>
      <div class="tiles">
        {tiles.map(([text, value]) => (
          <div key={text} class="tile">
            <div class="tile-label">{text}</div>
            <div class="tile-value">{value}</div>
          </div>
        ))}
      </div>
    </section>
  );
}

/** Thirty days against the thirty before. */
export function Sales({ home, state: { locale, store: { currency } } }: PartProps) {
  const days = home.last_30_days.map(({ day, revenue, orders }, index) => ({
    day,
    revenue: revenue.amount,
    orders,
    before: home.previous_30_days.days[index]?.revenue.amount ?? 0,
  }));
  const total = days.reduce((sum, { revenue }) => sum + revenue, 0);
  const show = (amount: number) => money({ amount, currency }, locale);
  const before = show(home.previous_30_days.revenue.amount);
  return (
    <Card title={texts.home.chart}>
      <p class="tile-value">{show(total)}</p>
      <p class="legend-row">
        <span>
          <span class="key" />
          {texts.home.last30}
        </span>
        <span>
          <span class="key before" />
          {texts.home.previous30(before)}
        </span>
      </p>
      <SalesChart
        days={days}
        currency={currency}
        digits={exponentOf(currency)}
        locale={locale}
        label={texts.home.chartSays(show(total), before)}
        orders={texts.home.ordersWord}
        before={texts.home.beforeWord}
      />
      <details class="disclosure">
        <summary>{texts.home.asTable}</summary>
        <div class="table-wrap" role="region" aria-label={texts.home.chart} tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">{texts.home.day}</th>
                <th scope="col" class="numeric">{texts.home.orders}</th>
                <th scope="col" class="numeric">{texts.home.sales}</th>
              </tr>
            </thead>
            <tbody>
              {days.toReversed().map(({ day, orders, revenue }) => (
                <tr key={day}>
                  <td>{date(day, locale)}</td>
                  <td class="numeric">{number(orders, locale)}</td>
                  <td class="numeric">{show(revenue)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </Card>
  );
}

/** What sold most in thirty days. */
export function BestSellers({ home: { best_sellers }, state: { locale } }: PartProps) {
  return (
    <Card title={texts.home.bestSellers}>
      {best_sellers.length === 0 ? <Empty title={texts.home.nothingSold} /> : (
        <ul class="lines">
          {best_sellers.map(({ variant_id, product_id, name, sku, quantity, revenue }) => (
            <li key={variant_id}>
              <span>
                <a href={`/products/${product_id}`}>{name}</a> <span class="muted">{sku}</span>
              </span>
              <span class="numeric">
                <span class="muted">{texts.home.sold(number(quantity, locale))}</span>{" "}
                <Money value={revenue} locale={locale} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

/** What is running out. */
export function LowStockList({ low }: { low: LowStock[] }) {
  return (
    <Card title={texts.home.lowStock} id="low-stock">
      {low.length === 0 ? <Empty title={texts.home.enough} /> : (
        <ul class="lines">
          {low.map(({ variant_id, product_id, name, sku, available }) => (
            <li key={variant_id}>
              <span>
                <a href={`/products/${product_id}`}>{name}</a> <span class="muted">{sku}</span>
              </span>
              <Badge status="low" tone={available > 0 ? "warn" : "bad"} text={texts.home.left(available)} />
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
