import { texts } from "../../texts.ts";
import type { Money as MoneyValue, Order } from "../../types.ts";
import { Card, Money } from "../ui.tsx";

/** What was ordered, and what it comes to. */
export function Items({ order, pictures, locale }: { order: Order; pictures: Record<string, string>; locale: string }) {
  return (
    <Card title={texts.orders.items}>
      <div class="table-wrap" role="region" aria-label={texts.orders.items} tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">{texts.orders.item}</th>
              <th scope="col" class="numeric">{texts.orders.quantity}</th>
              <th scope="col" class="numeric wide-only">{texts.orders.price}</th>
              <th scope="col" class="numeric">{texts.orders.total}</th>
            </tr>
          </thead>
          <tbody>
            {order.items.map((item) => (
              <tr key={item.id}>
                <td>
                  <div class="item">
                    {pictures[item.product_id] && (
                      <img class="thumb" src={pictures[item.product_id]} alt="" width={40} height={40} loading="lazy" />
                    )}
                    <div>
                      <a href={`/products/${item.product_id}`}>{item.name}</a>
                      <p class="muted">{item.sku}</p>
                    </div>
                  </div>
                </td>
                <td class="numeric">{item.quantity}</td>
                <td class="numeric wide-only">
                  <Money value={item.unit_price} locale={locale} />
                </td>
                <td class="numeric">
                  <Money value={item.total} locale={locale} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Totals order={order} locale={locale} />
    </Card>
  );
}

function Totals({ order, locale }: { order: Order; locale: string }) {
  const { subtotal, discount, shipping, tax, total } = order;
  // Only where prices are net does the tax add to them.
  const included = subtotal.amount - discount.amount + shipping.amount === total.amount;
  const lines: (readonly [name: string, value: MoneyValue, always?: boolean])[] = [
    [texts.orders.subtotal, subtotal, true],
    [texts.orders.discount, { ...discount, amount: -discount.amount }],
    [texts.orders.shippingCost, shipping],
    ...(included ? [] : [[texts.orders.tax, tax] as const]),
  ];
  return (
    <dl class="totals">
      {lines.filter(([, { amount }, always]) => always || amount !== 0).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <Money value={value} locale={locale} />
          </dd>
        </div>
      ))}
      <div class="sum">
        <dt>{texts.orders.total}</dt>
        <dd>
          <Money value={total} locale={locale} />
        </dd>
      </div>
      {included && tax.amount > 0 && (
        <div class="muted">
          <dt>{texts.orders.taxIncluded}</dt>
          <dd>
            <Money value={tax} locale={locale} />
          </dd>
        </div>
      )}
    </dl>
  );
}
