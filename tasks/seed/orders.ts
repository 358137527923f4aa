import type { Caller, Rest } from "./rest.ts";

/** A customer of the demo shop and what they bought. */
export interface DemoCustomer {
  readonly email: string;
  readonly name: string;
  readonly address: Readonly<Record<string, string>>;
  readonly orders: readonly DemoOrder[];
}

interface DemoOrder {
  /** Quantities by SKU. */
  readonly items: Readonly<Record<string, number>>;
  /** How it is paid; an order without a payment waits for one. */
  readonly payment?: { readonly method: string; readonly token?: string };
  /** The statuses it was moved through by the staff. */
  readonly moves?: readonly string[];
  /** What was refunded, in minor units. */
  readonly refund?: number;
}

const CARD = { method: "test", token: "tok_ok" };

/** The demo's customers, with what each ordered. */
export const CUSTOMERS: readonly DemoCustomer[] = [
  {
    email: "ada@nano.test",
    name: "Ada Lovelace",
    address: {
      name: "Ada Lovelace",
      line1: "12 St James's Square",
      city: "London",
      postal_code: "SW1Y 4JH",
      country: "GB",
    },
    orders: [
      {
        items: { "NOTE-A5-BLACK": 3, "PEN-FOUNT": 1 },
        payment: CARD,
        moves: ["processing", "shipped", "delivered", "completed"],
      },
      { items: { "LIN-SHIRT-M": 1 }, payment: CARD, moves: ["processing", "shipped", "delivered"] },
      { items: { "MUG-STONE": 2 }, payment: CARD },
    ],
  },
  {
    email: "alan@nano.test",
    name: "Alan Turing",
    address: {
      name: "Alan Turing",
      line1: "43 Adlington Road",
      city: "Wilmslow",
      postal_code: "SK9 2BJ",
      country: "GB",
    },
    orders: [
      { items: { "TENT-2": 1, "LAMP-HEAD": 2 }, payment: CARD, moves: ["processing", "shipped"] },
      { items: { "MER-SWEAT-L": 1 }, payment: CARD, refund: 2000 },
      { items: { "INK-BLUE": 4 }, payment: { method: "test", token: "tok_declined" } },
    ],
  },
  {
    email: "grace@nano.test",
    name: "Grace Hopper",
    address: {
      name: "Grace Hopper",
      line1: "1 Yale Avenue",
      city: "New Haven",
      region: "CT",
      postal_code: "06520",
      country: "US",
    },
    orders: [
      { items: { "PAN-IRON": 1, "BOARD-OAK": 1 }, payment: CARD, moves: ["processing"] },
      { items: { "ORG-TEE-S": 2 }, payment: CARD, moves: ["cancelled"] },
      { items: { "DESK-LAMP": 1 }, payment: { method: "manual" } },
      { items: { "BOTTLE-STEEL": 1 } },
    ],
  },
];

interface Product {
  variants: { id: string; sku: string }[];
}

/** Has a customer buy what the demo says, and the staff do their part; a customer who bought before buys nothing. */
export async function placeOrders(
  rest: Rest,
  operator: Caller,
  customer: Caller,
  { email, address, orders }: DemoCustomer,
): Promise<void> {
  const { data: before } = await rest.call<{ data: unknown[] }>(customer, "GET", "/orders?limit=1");
  if (before.length) return;
  const variants = new Map<string, string>();
  const { data: products } = await rest.call<{ data: Product[] }>({}, "GET", "/products?limit=100");
  for (const { variants: found } of products) for (const { sku, id } of found) variants.set(sku, id);

  for (const [at, order] of orders.entries()) {
    for (const [sku, quantity] of Object.entries(order.items)) {
      await rest.call(customer, "POST", "/cart/items", { variant_id: variants.get(sku), quantity });
    }
    const key = `demo-${email}-${at}-${crypto.randomUUID()}`;
    const { id } = await rest.call<{ id: string }>(customer, "POST", "/orders", {
      shipping_address: address,
      ...(order.payment ? { payment: order.payment } : {}),
    }, key);
    for (const status of order.moves ?? []) await rest.call(operator, "PUT", `/orders/${id}/status`, { status });
    if (order.refund) await refund(rest, operator, id, order.refund);
  }
}

async function refund(rest: Rest, operator: Caller, order_id: string, amount: number): Promise<void> {
  const { data: [payment] } = await rest.call<{ data: { id: string }[] }>(
    operator,
    "GET",
    `/payments?order_id=${order_id}`,
  );
  if (!payment) throw new Error(`Cannot refund order ${order_id} as it has no payment.`);
  await rest.call(
    operator,
    "POST",
    `/payments/${payment.id}/refunds`,
    { amount, reason: "Came late" },
    crypto.randomUUID(),
  );
}
