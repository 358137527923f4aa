import { type Context, HttpError } from "fresh";
import { api } from "../api.ts";
import { money, parseMoney } from "../format.ts";
import { need } from "../forms.ts";
import { texts } from "../texts.ts";
import type { Money, Order, Payment, Refund } from "../types.ts";
import type { State } from "../utils.ts";
import { canCancel, movesOf } from "./moves.ts";

type Values = Record<string, string>;

/** Thrown for what was typed and cannot be sent: by field. */
export class Mistyped extends Error {
  readonly fields: Record<string, string>;

  constructor(fields: Record<string, string>) {
    super("");
    this.fields = fields;
  }
}

/** Does what a form of the order's page asks for, if the operator may; answers what it did. */
type Action = (ctx: Context<State>, order: Order, values: Values) => Promise<string>;

/** The forms of the order's page by their `action`. */
export const ACTIONS: Record<string, Action> = {
  status: async (ctx, { id, status: from }, { status = "" }) => {
    need(ctx.state, "order:write");
    if (!movesOf(from).includes(status)) throw new Mistyped({ status: texts.orders.notAllowed });
    const order = await api(ctx).put<Order>(`/orders/${id}/status`, { status });
    return texts.orders.moved(order.number, order.status);
  },

  cancel: async (ctx, { id, status: from }, { reason, restock }) => {
    need(ctx.state, "order:write");
    if (!canCancel(from)) throw new Mistyped({ status: texts.orders.notAllowed });
    const order = await api(ctx).put<Order>(`/orders/${id}/status`, {
      status: "cancelled",
      restock: restock === "yes",
      ...(reason ? { reason } : {}),
    });
    return texts.orders.cancelled(order.number);
  },

  ship: async (ctx, { id, number }, values) => {
    need(ctx.state, "order:write");
    const { carrier, tracking_number, tracking_url } = values;
    // Without items the gateway sends all that is left: never what is meant by a form that says none of each.
    const items = quantitiesOf(values, "items");
    await api(ctx).post(`/orders/${id}/shipments`, {
      carrier,
      tracking_number,
      ...(tracking_url ? { tracking_url } : {}),
      items,
    });
    return texts.orders.shipped(number, carrier ?? "");
  },

  note: async (ctx, { id }, { text }) => {
    need(ctx.state, "order:note");
    await api(ctx).post(`/orders/${id}/notes`, { text });
    return texts.orders.noted;
  },

  capture: async (ctx, order, values) => {
    need(ctx.state, "payment:write");
    const payment = await paymentOf(ctx, order, values);
    const amount = values.amount ? { amount: typedMoney(values.amount, payment.amount, ctx.state.locale) } : {};
    const after = await api(ctx).post<Payment>(`/payments/${payment.id}/capture`, amount, keyOf(values));
    // Without an answer of the provider yet, nothing is captured so far.
    if (after.captured_amount.amount === 0) return texts.orders.capturePending;
    return texts.orders.captured(money(after.captured_amount, ctx.state.locale));
  },

  void: async (ctx, order, values) => {
    need(ctx.state, "payment:write");
    const payment = await paymentOf(ctx, order, values);
    const after = await api(ctx).post<Payment>(`/payments/${payment.id}/void`, {}, keyOf(values));
    if (after.status !== "voided") return texts.orders.voidPending;
    return texts.orders.voided(money(payment.amount, ctx.state.locale));
  },

  refund: async (ctx, order, values) => {
    need(ctx.state, "refund:write");
    const payment = await paymentOf(ctx, order, values);
    const part = refundPart(values, payment.amount, ctx.state.locale);
    const refund = await api(ctx).post<Refund>(`/payments/${payment.id}/refunds`, {
      ...part,
      reason: values.reason || texts.orders.noReason,
      restock: values.restock === "yes",
    }, keyOf(values));
    const amount = money(refund.amount, ctx.state.locale);
    return refund.status === "succeeded" ? texts.orders.refunded(amount) : texts.orders.refundPending(amount);
  },
};

/** What of a payment goes back: an amount, some lines, or, by neither, all that is left. */
function refundPart(values: Values, { currency }: Money, locale: string) {
  if (values.how === "part") {
    return { amount: typedMoney(values.amount ?? "", { amount: 0, currency }, locale) };
  }
  if (values.how === "lines") return { items: quantitiesOf(values, "how") };
  // Without scripts the box stays at "all" whatever is typed beside it.
  const typed = Object.entries(values).some(([name, value]) => name.startsWith("quantity.") && Number(value) !== 0);
  if (values.amount || typed) throw new Mistyped({ how: texts.orders.eitherOr });
  return {};
}

/** What the fields `quantity.<line>` say: at least one of something, and only whole numbers. */
function quantitiesOf(values: Values, field: string): { id: string; quantity: number }[] {
  const items = Object.entries(values).flatMap(([name, value]) => {
    const id = /^quantity\.(.+)$/.exec(name)?.[1];
    return id ? [{ id, quantity: /^\d{0,7}$/.test(value) ? Number(value) : NaN }] : [];
  });
  const some = items.filter(({ quantity }) => quantity !== 0);
  if (some.length === 0 || some.some(({ quantity }) => Number.isNaN(quantity))) {
    throw new Mistyped({ [field]: texts.orders.noLines });
  }
  return some;
}

function typedMoney(text: string, { currency }: Money, locale: string): Money {
  const amount = parseMoney(text, currency, locale);
  if (amount === undefined) throw new Mistyped({ amount: texts.form.notMoney(currency) });
  return { amount, currency };
}

/** The payment that the form names, if it is one of this order. */
async function paymentOf(ctx: Context<State>, order: Order, { payment_id = "" }: Values): Promise<Payment> {
  const payment = await api(ctx).get<Payment>(`/payments/${encodeURIComponent(payment_id)}`);
  if (payment.order_id !== order.id) throw new HttpError(404);
  return payment;
}

function keyOf({ key }: Values): { key: string } {
  return { key: key || crypto.randomUUID() };
}
