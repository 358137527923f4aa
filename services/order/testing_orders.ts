/** For tests only: orders that no database has. */
import { newId } from "../shared/ids.ts";
import type { Attempt, Line, Order } from "./order.ts";

/** An unpaid order of one line. */
export function orderOf(more: Partial<Order> = {}): Order {
  return {
    id: newId(),
    number: 1001,
    store_id: newId(),
    user_id: newId(),
    email: "ada@example.com",
    status: "pending_payment",
    payment_status: "unpaid",
    currency: "USD",
    items: [lineOf()],
    subtotal: 1000,
    discount: 0,
    shipping: 0,
    tax: 0,
    total: 1000,
    shipping_address: { name: "Ada", line1: "1", city: "London", postal_code: "1", country: "GB" },
    history: [],
    payments: [],
    keep_out: false,
    overdue: false,
    expire_time: new Date(),
    create_time: new Date(),
    seen: { time: new Date(), at: 0 },
    version: 1,
    ...more,
  };
}

/** A line of three things. */
export function lineOf(more: Partial<Line> = {}): Line {
  return {
    id: newId(),
    product_id: newId(),
    variant_id: newId(),
    sku: "A",
    name: "A",
    quantity: 3,
    unit_price: 1000,
    tax: 0,
    total: 3000,
    shipped: 0,
    restocked: 0,
    ...more,
  };
}

/** A try to pay that is in this state. */
export function attemptOf(state: Attempt["state"]): Attempt {
  const create_time = new Date();
  return {
    attempt: 1,
    payment_id: newId(),
    method: "test",
    state,
    amount: 1000,
    captured_amount: 0,
    refunded_amount: 0,
    failure_code: null,
    create_time,
  };
}

/** The code of the error that something throws, if it does. */
export const codeOf = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return undefined;
};
