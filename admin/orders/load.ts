import type { Context } from "fresh";
import { type Api, api } from "../api.ts";
import type { FormErrors } from "../form_errors.ts";
import { imageSource } from "../products/image.ts";
import type { Order, Payment, Product, Refund, Shipment, TimelineEntry } from "../types.ts";
import { may, type State } from "../utils.ts";

/** A payment with what was given back of it, and the keys of the forms about it. */
export interface PaymentView extends Payment {
  refunds: Refund[];
  /** Idempotency keys: made with the form, so that sending it twice does its work once. */
  keys: { capture: string; void: string; refund: string };
}

/** All that the page of an order shows. */
export interface OrderView {
  order: Order;
  payments: PaymentView[];
  shipments: Shipment[];
  timeline: TimelineEntry[];
  /** By product id. */
  pictures: Record<string, string>;
  /** What was refused: of which form, why, and what had been typed. */
  refused?: { action: string; errors: FormErrors; values: Record<string, string> };
}

const MAX_PICTURES = 12;

/** Asks the gateway for an order and all around it, at once. */
export async function loadOrder(ctx: Context<State>, id: string): Promise<OrderView> {
  const gateway = api(ctx);
  const { get } = gateway;
  const path = encodeURIComponent(id);
  const order = await get<Order>(`/orders/${path}`);
  const readsPayments = may(ctx.state, "payment:read");
  const [payments, shipments, timeline, pictures] = await Promise.all([
    readsPayments ? loadPayments(gateway, order.id) : [],
    get<{ data: Shipment[] }>(`/orders/${path}/shipments`),
    get<{ data: TimelineEntry[] }>(`/orders/${path}/timeline`),
    loadPictures(gateway, order),
  ]);
  return { order, payments, shipments: shipments.data, timeline: timeline.data, pictures };
}

async function loadPayments({ get }: Api, order_id: string): Promise<PaymentView[]> {
  const { data } = await get<{ data: Payment[] }>("/payments", { order_id, limit: 100 });
  return await Promise.all(data.map(async (payment) => {
    const taken = payment.captured_amount.amount > 0;
    const refunds = taken ? (await get<{ data: Refund[] }>(`/payments/${payment.id}/refunds`)).data : [];
    const key = () => crypto.randomUUID();
    return { ...payment, refunds, keys: { capture: key(), void: key(), refund: key() } };
  }));
}

/** The products' first pictures; one that is gone has none. */
async function loadPictures({ get }: Api, { items }: Order): Promise<Record<string, string>> {
  const ids = [...new Set(items.map(({ product_id }) => product_id))].slice(0, MAX_PICTURES);
  const found = await Promise.all(ids.map(async (id) => {
    const product = await get<Product>(`/products/${id}`).catch(() => undefined);
    const source = product?.images[0] && imageSource(product.images[0].url);
    return source ? [[id, source] as const] : [];
  }));
  return Object.fromEntries(found.flat());
}
