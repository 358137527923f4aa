import { number } from "../../format.ts";
import { texts } from "../../texts.ts";
import type { Order } from "../../types.ts";
import type { Column } from "../table.tsx";
import { Badge, Money, Time } from "../ui.tsx";

/** What a list of one customer's orders shows. */
export function orderColumns(locale: string): Column<Order>[] {
  return [
    { title: texts.orders.number, cell: (order) => `#${order.number}` },
    {
      title: texts.orders.placed,
      cell: (order) => <Time time={order.create_time} locale={locale} />,
      sort: "create_time",
    },
    { title: texts.orders.status, cell: (order) => <Badge status={order.status} /> },
    { title: texts.orders.payment, cell: (order) => <Badge status={order.payment_status} />, wide: true },
    {
      title: texts.orders.items,
      cell: (order) => number(order.items.reduce((sum, { quantity }) => sum + quantity, 0), locale),
      numeric: true,
      wide: true,
    },
    { title: texts.orders.total, cell: (order) => <Money value={order.total} locale={locale} />, numeric: true },
  ];
}

/** The same with who bought. */
export function orderColumnsWithBuyer(locale: string): Column<Order>[] {
  const [number, placed, ...rest] = orderColumns(locale);
  const buyer = {
    title: texts.orders.customer,
    cell: (order: Order) => <span class="clip">{order.shipping_address.name}</span>,
  };
  return [number, placed, buyer, ...rest].filter((column) => column !== undefined);
}
