import type { Address } from "../../proto/gen/nano/common/v1/common.ts";
import { conflict, forbidden, type NanoError } from "../shared/errors.ts";
import { newId } from "../shared/ids.ts";
import { type Tax, type Totals, totalUp } from "../shared/totals.ts";

export type Status =
  | "placing"
  | "pending_payment"
  | "paid"
  | "processing"
  | "shipped"
  | "delivered"
  | "completed"
  | "cancelled"
  | "expired"
  | "refunded";

export type PaymentStatus = "unpaid" | "authorized" | "paid" | "failed" | "partially_refunded" | "refunded";

/** Who or what moves an order: the checkout, its buyer, staff of its store, a payment's outcome, or time. */
export type Mover = "checkout" | "buyer" | "staff" | "payment" | "time";

/** The state machine: from each status, where to, and who may move it there. `placing` is shown to nobody. */
export const TRANSITIONS: Readonly<Record<Status, Readonly<Partial<Record<Status, readonly Mover[]>>>>> = {
  placing: { pending_payment: ["checkout"] },
  pending_payment: { paid: ["payment"], cancelled: ["buyer", "staff"], expired: ["time"] },
  paid: { processing: ["staff"], cancelled: ["buyer", "staff", "payment"], refunded: ["payment"] },
  processing: { shipped: ["staff"], cancelled: ["staff", "payment"], refunded: ["payment"] },
  shipped: { delivered: ["staff"], refunded: ["payment"] },
  delivered: { completed: ["staff"], refunded: ["payment"] },
  completed: { refunded: ["payment"] },
  cancelled: {},
  expired: {},
  refunded: {},
};

/** The statuses that people set; the others only follow from payments and time. */
export const SETTABLE: readonly Status[] = ["processing", "shipped", "delivered", "completed", "cancelled"];

/** A line as it was when ordered. Amounts are minor units of the order's currency. */
export interface Line {
  id: string;
  product_id: string;
  variant_id: string;
  sku: string;
  name: string;
  quantity: number;
  unit_price: number;
  tax: number;
  total: number;
  /** How many were sent so far. */
  shipped: number;
  /** How many went back to the shelf. */
  restocked: number;
}

/** A step in an order's life; `from` is empty for the first. */
export interface Step {
  from: string;
  to: string;
  actor: string;
  reason: string;
  time: Date;
}

/** The states of a payment, and of one that never came to be: `refused` outright, or `abandoned` by a crash. */
export type AttemptState =
  | "pending"
  | "unknown"
  | "authorized"
  | "captured"
  | "declined"
  | "voided"
  | "partially_refunded"
  | "refunded"
  | "refused"
  | "abandoned";

/** One try to pay an order, as far as this service knows. */
export interface Attempt {
  attempt: number;
  payment_id: string;
  method: string;
  state: AttemptState;
  amount: number;
  captured_amount: number;
  refunded_amount: number;
  failure_code: string | null;
  create_time: Date;
}

/** Whether an attempt has no final answer yet. */
export function isOpen({ state }: Attempt): boolean {
  return isUnanswered(state);
}

/** The same by its state, or by the status of its payment. */
export function isUnanswered(state: string): boolean {
  return state === "pending" || state === "unknown";
}

/** An order with its lines, history and payments. Amounts are minor units of its currency. */
export interface Order {
  id: string;
  /** For people, counted in each store; 0 while the order is being placed. */
  number: number;
  store_id: string;
  cart_id?: string;
  user_id?: string;
  guest_hash?: string;
  guest_expire_time?: Date;
  email: string;
  status: Status;
  payment_status: PaymentStatus;
  currency: string;
  items: Line[];
  subtotal: number;
  discount: number;
  shipping: number;
  tax: number;
  total: number;
  shipping_address: Address;
  billing_address?: Address;
  note?: string;
  history: Step[];
  payments: Attempt[];
  keep_out: boolean;
  /** When the hold of the stock ends, and whether it has, both by the database's clock. */
  expire_time?: Date;
  overdue: boolean;
  create_time: Date;
  /** Counts its changes since it was placed. */
  version: number;
  seen: Seen;
}

/** When something was read: the database's time, and then this process's `performance.now()`. */
export interface Seen {
  time: Date;
  at: number;
}

/** Work that follows a change and is stored with it: a job of jobs.ts. */
export interface FollowUp {
  name:
    | "commit_stock"
    | "release_stock"
    | "return_stock"
    | "cancel_payments"
    | "expire_order"
    | "close_cart"
    | "resume_order"
    | "resolve_payment"
    | "refund_duplicate";
  payload: Record<string, unknown>;
  /** Only one waiting job has this key. */
  key: string;
  /** Not before this time, or not before so long from now by the database's clock. */
  run_at?: Date;
  after?: string;
}

/** Goods that go back to the shelf, once per key. */
export interface StockReturn {
  key: string;
  reason: string;
  lines: { id: string; variant_id: string; quantity: number }[];
}

/** What a decision changes of an order, and what follows. A move to the status it has already is a note. */
export interface Change {
  moves: { to: Status; reason: string }[];
  payment_status?: PaymentStatus;
  keep_out?: boolean;
  returns?: StockReturn;
  follow_ups: FollowUp[];
  /** Event types, such as `order.paid`; each carries the order as it is afterwards. */
  events: string[];
}

export const NO_CHANGE: Change = { moves: [], follow_ups: [], events: [] };

/** What the catalogue offers for a line of the cart. */
export interface OfferedLine {
  product_id: string;
  variant_id: string;
  sku: string;
  name: string;
  quantity: number;
  unit_price: number;
}

/** An order's lines and totals, priced at one moment. */
export interface Pricing {
  currency: string;
  tax: Tax;
  items: Line[];
  totals: Totals;
}

/** An order before it is priced. */
export interface Draft {
  id: string;
  store_id: string;
  user_id?: string | undefined;
  guest_hash?: string | undefined;
  email: string;
  shipping_address: Address;
  billing_address?: Address | undefined;
  note?: string | undefined;
}

/** The order that a draft is once it has taken a cart; `taken` is what only the database knows. */
export function placingOrder(
  { id, store_id, user_id, guest_hash, email, shipping_address, billing_address, note }: Draft,
  cart_id: string,
  guest_expire_time: Date | undefined,
  { currency, items, totals }: Pricing,
  taken: Pick<Order, "create_time" | "version" | "seen"> & { expire_time: Date },
): Order {
  return {
    id,
    number: 0,
    store_id,
    cart_id,
    ...(user_id ? { user_id } : guest_hash ? { guest_hash } : {}),
    ...(guest_expire_time ? { guest_expire_time } : {}),
    email,
    status: "placing",
    payment_status: "unpaid",
    currency,
    items,
    subtotal: totals.subtotal.amount,
    discount: totals.discount.amount,
    shipping: totals.shipping.amount,
    tax: totals.tax.amount,
    total: totals.total.amount,
    shipping_address,
    ...(billing_address ? { billing_address } : {}),
    ...(note ? { note } : {}),
    history: [],
    payments: [],
    keep_out: false,
    overdue: false,
    ...taken,
  };
}

/** Prices lines by the store's tax. Throws `total_too_large` where numbers would no longer be exact. */
export function priceLines(lines: readonly OfferedLine[], tax: Tax, currency: string): Pricing {
  const totals = exactTotals(lines, tax, currency);
  const items = lines.map((line, index) => {
    const part = totals.lines[index];
    if (!part) throw new Error(`Cannot price line ${index} as totals must have as many lines as the cart.`);
    return { ...line, id: newId(), tax: part.tax.amount, total: part.total.amount, shipped: 0, restocked: 0 };
  });
  return { currency, tax, items, totals };
}

function exactTotals(lines: readonly OfferedLine[], tax: Tax, currency: string): Totals {
  try {
    return totalUp(lines, tax, currency);
  } catch (error) {
    if (error instanceof RangeError) throw conflict("total_too_large", "The order's total is too large.");
    throw error;
  }
}

/** The statuses to which the mover may take an order now, of those that people set. */
export function allowedMoves(status: Status, by: Mover): Status[] {
  return SETTABLE.filter((to) => TRANSITIONS[status][to]?.includes(by));
}

/** Whether the table lets the mover take an order from one status to the other. */
export function canMove(from: Status, to: Status, by: Mover): boolean {
  return TRANSITIONS[from][to]?.includes(by) ?? false;
}

/** The refusal of a move, with the moves that the mover has. */
export function invalidTransition(status: Status, to: string, by: Mover): NanoError {
  return conflict("invalid_transition", `An order that is ${words(status)} can't become ${words(to)}.`, {
    allowed: allowedMoves(status, by),
  });
}

/**
 * Moves an order as staff or its buyer ask. Throws `invalid_transition`; a buyer may do nothing but cancel, and the goods
 * return then.
 */
export function setStatus(order: Order, to: string, by: Mover, reason: string, restock: boolean): Change {
  if (by === "buyer" && (to !== "cancelled" || !restock)) throw forbidden("Only the store's staff may do this.");
  const status = SETTABLE.find((settable) => settable === to);
  if (!status) throw invalidTransition(order.status, to, by);
  if (!canMove(order.status, status, by)) throw invalidTransition(order.status, status, by);
  if (status === "cancelled") return cancel(order, reason, restock);
  return { ...NO_CHANGE, moves: [{ to: status, reason }], events: ["order.status_changed"] };
}

/** How many of a line are not sent yet, nor back on the shelf: what a refund put back is taken for not sent first. */
export function leftToSend({ quantity, shipped, restocked }: Pick<Line, "quantity" | "shipped" | "restocked">): number {
  return Math.max(0, quantity - shipped - restocked);
}

/** Cancels: whatever was paid goes back, and so do the goods, unless they are kept out. */
export function cancel(order: Order, reason: string, restock: boolean): Change {
  const paid = order.status !== "pending_payment";
  const waiting = order.payments.some(isOpen);
  const lines = order.items.map((item) => ({ id: item.id, variant_id: item.variant_id, quantity: leftToSend(item) }))
    .filter((line) => line.quantity > 0);
  return {
    moves: [{ to: "cancelled", reason }],
    keep_out: !restock,
    ...(paid && restock && lines.length ? { returns: { key: order.id, reason: "cancelled", lines } } : {}),
    follow_ups: [
      ...(paid || waiting ? [followUp("cancel_payments", order.id)] : []),
      // While a payment is without an answer the hold stays; the answer brings this job.
      ...(paid || waiting ? [] : [stockOfEnded({ ...order, keep_out: !restock })]),
    ],
    events: ["order.cancelled"],
  };
}

/** Lets an unpaid order end at its deadline; undefined if it isn't its time, or a payment of it is without an answer. */
export function expire(order: Order): Change | undefined {
  if (!canMove(order.status, "expired", "time") || !order.overdue || order.payments.some(isOpen)) return undefined;
  return {
    moves: [{ to: "expired", reason: "not paid in time" }],
    follow_ups: [followUp("release_stock", order.id)],
    events: ["order.expired"],
  };
}

/** What becomes of the held stock of an order that ended unpaid: it is free again, or, kept out, off the shelf. */
export function stockOfEnded(order: Order): FollowUp {
  return followUp(order.keep_out ? "commit_stock" : "release_stock", order.id);
}

/** What was captured for an order and not yet refunded, in minor units. */
export function moneyHeld({ payments }: Order): number {
  return payments.reduce((sum, { captured_amount, refunded_amount }) => sum + captured_amount - refunded_amount, 0);
}

/** What is to become of goods that an order holds, or one that there is none of: a payment without an answer keeps them. */
export function fateOfHold(order: Order | undefined): "keep" | "release" | "commit" {
  if (!order) return "release";
  const ended = order.status === "cancelled" || order.status === "expired";
  const open = order.status === "placing" || order.status === "pending_payment";
  if (open || (ended && order.payments.some(isOpen))) return "keep";
  return ended && !order.keep_out ? "release" : "commit";
}

/** Whether all of an order was sent. */
export function isSent(status: Status): boolean {
  return status === "shipped" || status === "delivered" || status === "completed";
}

/** Whoever makes the change does what follows at once; the job is there should that fail, so it waits a little. */
const AT_ONCE_FIRST = "5 seconds";

/** A job about an order; only one of its name waits for each order. */
export function followUp(
  name: FollowUp["name"],
  order_id: string,
  when: Pick<FollowUp, "run_at" | "after"> = { after: AT_ONCE_FIRST },
): FollowUp {
  return { name, payload: { order_id }, key: `${name}:${order_id}`, ...when };
}

/** All that follows a change of an order. */
export function followUpsOf(order_id: string, { follow_ups, returns }: Change): FollowUp[] {
  if (!returns) return follow_ups;
  const name = "return_stock";
  return [...follow_ups, {
    name,
    payload: { order_id, ...returns },
    key: `${name}:${returns.key}`,
    after: AT_ONCE_FIRST,
  }];
}

function words(status: string): string {
  return status.replaceAll("_", " ");
}
