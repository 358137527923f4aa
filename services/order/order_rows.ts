import type { Attempt, Line, Order, PaymentStatus, Status, Step } from "./order.ts";
import type { Address } from "../../proto/gen/nano/common/v1/common.ts";

/** The columns of an order `o` with its lines, history and payments as JSON: one statement reads all of it. */
export const ORDER_COLUMNS = `
  o.id, coalesce(o.number, 0) as number, o.store_id, o.cart_id, o.user_id, o.guest_hash, o.guest_expire_time, o.email,
  o.status, o.payment_status, o.currency, o.subtotal, o.discount, o.shipping, o.tax, o.total, o.shipping_address,
  o.billing_address, o.note, o.keep_out, o.expire_time, coalesce(o.expire_time <= now(), false) as overdue,
  o.create_time, o.version, statement_timestamp() as read_time,
  (select coalesce(json_agg(json_build_object('id', i.id, 'product_id', i.product_id, 'variant_id', i.variant_id,
      'sku', i.sku, 'name', i.name, 'quantity', i.quantity, 'unit_price', i.unit_price, 'tax', i.tax,
      'total', i.total, 'shipped', i.shipped, 'restocked', i.restocked) order by i.position), '[]')
    from order_items i where i.order_id = o.id) as items,
  (select coalesce(json_agg(json_build_object('from', h."from", 'to', h."to", 'actor', h.actor, 'reason', h.reason,
      'time', h.time) order by h.id), '[]')
    from order_history h where h.order_id = o.id) as history,
  (select coalesce(json_agg(json_build_object('attempt', a.attempt, 'payment_id', a.payment_id, 'method', a.method,
      'state', a.state, 'amount', a.amount, 'captured_amount', a.captured_amount,
      'refunded_amount', a.refunded_amount, 'failure_code', a.failure_code, 'create_time', a.create_time)
      order by a.attempt), '[]')
    from payment_attempts a where a.order_id = o.id) as payments`;

type InJson<T extends { [K in Time]: Date }, Time extends string> = Omit<T, Time> & { [K in Time]: string };

/** A row of ORDER_COLUMNS: null where the order leaves out, times within JSON as text. */
export interface OrderRow {
  id: string;
  number: number;
  store_id: string;
  cart_id: string | null;
  user_id: string | null;
  guest_hash: string | null;
  guest_expire_time: Date | null;
  email: string;
  status: Status;
  payment_status: PaymentStatus;
  currency: string;
  subtotal: number;
  discount: number;
  shipping: number;
  tax: number;
  total: number;
  shipping_address: Address;
  billing_address: Address | null;
  note: string | null;
  keep_out: boolean;
  expire_time: Date | null;
  overdue: boolean;
  create_time: Date;
  version: number;
  read_time: Date;
  items: Line[];
  history: InJson<Step, "time">[];
  payments: InJson<Attempt, "create_time">[];
}

/** The order of a row. */
export function toOrder(row: OrderRow): Order {
  const { cart_id, user_id, guest_hash, guest_expire_time, billing_address, note, expire_time, read_time, ...rest } =
    row;
  return {
    ...rest,
    seen: { time: read_time, at: performance.now() },
    ...(cart_id ? { cart_id } : {}),
    ...(user_id ? { user_id } : {}),
    ...(guest_hash ? { guest_hash } : {}),
    ...(guest_expire_time ? { guest_expire_time } : {}),
    ...(billing_address ? { billing_address } : {}),
    ...(note ? { note } : {}),
    ...(expire_time ? { expire_time } : {}),
    history: row.history.map((step) => ({ ...step, time: new Date(step.time) })),
    payments: row.payments.map((attempt) => ({ ...attempt, create_time: new Date(attempt.create_time) })),
  };
}
