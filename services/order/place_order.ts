import type { Checkout } from "../../proto/gen/nano/cart/v1/cart.ts";
import type { Address, IdempotencyKey, Money } from "../../proto/gen/nano/common/v1/common.ts";
import type { PaymentInput, PlaceOrderResponse } from "../../proto/gen/nano/order/v1/order.ts";
import type { Actor } from "../shared/auth.ts";
import { withOwnTime } from "../shared/context.ts";
import { conflict, invalid, NanoError, toNanoError } from "../shared/errors.ts";
import { failpoint } from "../shared/failpoints.ts";
import { isResumable, type KeyedRequest, orYield, type Outcome, principalOf } from "../shared/idempotency.ts";
import { newId } from "../shared/ids.ts";
import { buyerOf } from "./access.ts";
import type { Deps } from "./deps.ts";
import { replayPlaced, toMessage } from "./messages.ts";
import { type Change, type Draft, followUp, type OfferedLine, type Order, priceLines, type Pricing } from "./order.ts";
import { payAtOnce } from "./pay_order.ts";
import type { Taken } from "./placing_repository.ts";
import { atOnce, commitStock, releaseStock } from "./stock.ts";

/** What a buyer asks for. */
export interface PlaceOrder {
  store_id: string;
  actor: Actor;
  key: IdempotencyKey;
  email: string;
  shipping_address: Address;
  billing_address?: Address | undefined;
  note?: string | undefined;
  expected_total?: Money | undefined;
  payment?: PaymentInput | undefined;
}

/**
 * Places an order of the buyer's cart, and pays it if asked to. Until the cart is taken nothing is written but a refusal
 * under the client's key; then the order is there, with the key and the job that resumes it, so a crash at any later step
 * is taken up from the order's own state. A refusal undoes what was done and stays under the key.
 */
export async function placeOrder(deps: Deps, request: PlaceOrder): Promise<PlaceOrderResponse> {
  const begun = await begin(deps, request);
  if (!("placing" in begun)) return replayPlaced(begun.outcome);
  await failpoint("order.after_take_cart");
  const { placing, number } = begun;
  const order = await orUndo(deps, placing, () => complete(deps, placing, { final: !request.payment, number }));
  const { payment } = request;
  const paid = payment && await orYield(() => deps.orders.yieldKey(order.id), () => pay(deps, order, payment));
  return { order: toMessage(paid ?? order), replayed: false };
}

/** Goes on with an order whose request died, and settles its key. The caller holds the key's lease. */
export async function resumeOrder(deps: Deps, order_id: string): Promise<void> {
  const order = await deps.orders.find(order_id);
  if (!order) return;
  if (order.status !== "placing") return await deps.orders.finish(order);
  // So begins an order of the release before, which took its cart only later.
  if (!order.cart_id) return await deps.orders.forget(order_id, undefined);
  if (order.overdue) {
    // Its cart may be closed already, so it is not refused: the buyer gets the order late, and all the time to pay it.
    await deps.orders.holdAnew(order_id);
    return await resumeOrder(deps, order_id);
  }
  try {
    await complete(deps, order, { final: true });
  } catch (error) {
    const refusal = toNanoError(error);
    if (!isResumable(refusal)) return await undo(deps, order, refusal);
    await deps.orders.yieldKey(order_id);
    throw error;
  }
}

/** The steps that leave the service. Each may be taken again, so this is also how a crash is taken up. */
async function complete(deps: Deps, placing: Order, how: { final: boolean; number?: number }): Promise<Order> {
  await reserveStock(deps, placing);
  await failpoint("order.after_reserve");
  const closed = await closeCart(deps, placing);
  await failpoint("order.after_close_cart");
  const number = how.number ?? await deps.orders.nextNumber(placing.store_id);
  const order = await openOrder(deps, placing, number, closed, how.final);
  await failpoint("order.after_open");
  if (order.status === "paid") await atOnce(deps, `commit_stock:${order.id}`, () => commitStock(deps, order.id));
  return order;
}

/** Takes the buyer's cart for the order; or the outcome of an earlier request under the key, if there was one. */
async function begin(deps: Deps, request: PlaceOrder): Promise<Taken | { outcome: Outcome }> {
  const draft = draftOf(request);
  const principal = principalOf(request.actor);
  const keyed = { store_id: draft.store_id, principal, ...request.key, resource_id: draft.id };
  for (;;) {
    // The cart of a request that is sent again may be ordered by now: its key is looked at first.
    const known = await deps.orders.findKey(keyed);
    if (known?.state === "done") return known;
    if (known) {
      await resumeOrder(deps, known.resource_id);
      continue;
    }
    await failpoint("order.after_begin");
    const taken = await takeCart(deps, request, draft, keyed);
    if (taken) return taken;
  }
}

/** Takes the cart, priced, or keeps the refusal; undefined where the key is another request's since it was looked at. */
async function takeCart(
  deps: Deps,
  request: PlaceOrder,
  draft: Draft,
  keyed: KeyedRequest,
): Promise<Taken | undefined> {
  try {
    await checkMethod(deps, request);
    const cart = await readCart(deps, request);
    const priced = await priceCart(deps, request, cart);
    return await deps.orders.takeCart(keyed, draft, cart, priced);
  } catch (error) {
    const refusal = toNanoError(error);
    if (!isKept(refusal) || await deps.orders.keepRefusal(keyed, refusal)) throw error;
  }
}

function draftOf({ actor, store_id, email, shipping_address, billing_address, note }: PlaceOrder): Draft {
  const { user_id, guest_hash } = actor;
  return { id: newId(), store_id, user_id, guest_hash, email, shipping_address, billing_address, note };
}

/** Refuses a payment method that is not on offer, as then nothing of the request can be meant. Paying itself checks again. */
async function checkMethod(deps: Deps, { store_id, payment }: PlaceOrder): Promise<void> {
  const offered = payment && await deps.neighbours.payment.methods(store_id);
  if (payment && offered && !offered.includes(payment.method)) {
    throw invalid("unknown_method", "The store has no such payment method.", "/payment/method");
  }
}

async function readCart(deps: Deps, { store_id }: PlaceOrder): Promise<Checkout> {
  const cart = await deps.neighbours.cart.getCheckout(store_id);
  if (cart && cart.lines.length > 0) return cart;
  if (cart?.ordered_as) throw conflict("cart_ordered", "This cart was ordered already.", { order_id: cart.ordered_as });
  throw conflict("cart_empty", "The cart is empty.");
}

/** Prices the cart from the catalogue as it is now, and compares with what the buyer saw. */
async function priceCart(deps: Deps, request: PlaceOrder, cart: Checkout): Promise<Pricing> {
  const quantities = new Map<string, number>();
  const known = new Map<string, string>();
  for (const { variant_id, quantity, sku = "" } of cart.lines) {
    quantities.set(variant_id, (quantities.get(variant_id) ?? 0) + quantity);
    known.set(variant_id, sku);
  }
  const [store, offers] = await Promise.all([
    deps.neighbours.store.getStore(request.store_id),
    deps.neighbours.product.getOffers(request.store_id, [...quantities.keys()]),
  ]);
  if (store.status !== "active") throw conflict("store_suspended", "This store takes no orders at the moment.");

  const offered = new Map(offers.map((offer) => [offer.variant_id, offer]));
  const lines: OfferedLine[] = [];
  const short: Shortage[] = [];
  for (const [variant_id, quantity] of quantities) {
    const offer = offered.get(variant_id);
    if (!offer?.price || offer.price.currency !== store.currency) {
      short.push({ variant_id, sku: known.get(variant_id) ?? "", requested: quantity, available: 0 });
    } else {
      const { product_id, sku, name, price, available } = offer;
      // In a rush on the last ones most are told here, before anything is held that would have to be undone.
      if (available < quantity) short.push({ variant_id, sku, requested: quantity, available });
      lines.push({ product_id, variant_id, sku, name, quantity, unit_price: price.amount });
    }
  }
  if (short.length > 0) throw outOfStock(short);

  const priced = priceLines(lines, store.tax ?? { rate_bp: 0, included: false }, store.currency);
  const { expected_total } = request;
  const { total } = priced.totals;
  if (expected_total && (expected_total.amount !== total.amount || expected_total.currency !== total.currency)) {
    throw conflict("price_changed", "The total has changed since you saw it.", { total });
  }
  return priced;
}

/**
 * Holds the goods under the order's id, until the order's own deadline. Its undo is releaseStock (stock.ts), after
 * which a reservation that is still under way comes to nothing.
 */
async function reserveStock(deps: Deps, { id: order_id, store_id, items, expire_time }: Order): Promise<void> {
  await deps.neighbours.product.reserveStock({ order_id, store_id, lines: takenOf(items), expire_time });
}

/** What an order takes of each variant. */
function takenOf(items: Order["items"]): { variant_id: string; quantity: number }[] {
  return items.map(({ variant_id, quantity }) => ({ variant_id, quantity }));
}

/**
 * Closes the cart, so that the buyer starts a new one; tells whether it could. It has no undo and needs none: nothing
 * after it refuses, and where the cart service is away a job closes the cart.
 */
async function closeCart(deps: Deps, { id, cart_id = "", items }: Order): Promise<boolean> {
  try {
    await deps.neighbours.cart.closeCart(cart_id, id, takenOf(items));
    return true;
  } catch (error) {
    if (!isResumable(toNanoError(error))) throw error;
    return false;
  }
}

/** Opens the order for payment: from here on it has a number and is shown. One that costs nothing is paid. */
async function openOrder(
  deps: Deps,
  placing: Order,
  number: number,
  cartClosed: boolean,
  final: boolean,
): Promise<Order> {
  const free = placing.total === 0;
  const opening: Change = {
    moves: [
      { to: "pending_payment", reason: "" },
      ...(free ? [{ to: "paid" as const, reason: "nothing to pay" }] : []),
    ],
    ...(free ? { payment_status: "paid" as const } : {}),
    follow_ups: [
      free
        ? followUp("commit_stock", placing.id)
        : followUp("expire_order", placing.id, placing.expire_time ? { run_at: placing.expire_time } : {}),
      ...(cartClosed ? [] : [{
        ...followUp("close_cart", placing.id),
        payload: { order_id: placing.id, cart_id: placing.cart_id, lines: takenOf(placing.items) },
      }]),
    ],
    events: ["order.placed", ...(free ? ["order.paid"] : [])],
  };
  return await deps.orders.open(placing, number, opening, buyerOf(placing), final);
}

/** Pays the order. It exists whatever comes of that: declined or without an answer, it can be paid again. */
async function pay(deps: Deps, order: Order, payment: PaymentInput): Promise<Order> {
  await payAtOnce(deps, order, payment).catch((error) => {
    if (toNanoError(error).kind === "internal") deps.log.error({ err: error }, "a placed order could not be paid");
  });
  const paid = await deps.orders.find(order.id) ?? order;
  await deps.orders.finish(paid);
  return paid;
}

/** Runs the steps beyond the service; a refusal undoes them, anything else leaves them to resumeOrder. */
async function orUndo<T>(deps: Deps, placing: Order, steps: () => Promise<T>): Promise<T> {
  try {
    return await steps();
  } catch (error) {
    const refusal = toNanoError(error);
    await afterwards(
      deps,
      () => isResumable(refusal) ? deps.orders.handOver(placing.id) : undo(deps, placing, refusal),
    );
    throw error;
  }
}

/** Forgets the order together with the job that frees its goods; then frees them at once. */
async function undo(deps: Deps, placing: Order, refusal: NanoError): Promise<void> {
  const release = followUp("release_stock", placing.id);
  await deps.orders.forget(placing.id, isKept(refusal) ? refusal : undefined, release);
  await failpoint("order.after_forget");
  await atOnce(deps, release.key, () => releaseStock(deps, placing.id));
}

/** Cleans up after a failure. What fails here the job does. */
async function afterwards(deps: Deps, work: () => Promise<void>): Promise<void> {
  await withOwnTime(CLEAN_UP_MS, work)
    .catch((error) => deps.log.warn({ err: error }, "an order is left to its job"));
}

const CLEAN_UP_MS = 2_000;

/** Whether a refusal stays under the key: a business one does, a validation one doesn't. */
function isKept({ kind }: NanoError): boolean {
  return kind === "conflict" || kind === "unprocessable";
}

/** As product.ReserveStock says it; the cart knows the SKU of a variant that is gone. */
interface Shortage {
  variant_id: string;
  sku: string;
  requested: number;
  available: number;
}

function outOfStock(items: Shortage[]): NanoError {
  const named = items.filter(({ sku }) => sku !== "").map(({ sku }) => sku).join(", ");
  const detail = named ? `There is not enough of ${named}.` : "Some of the cart is no longer sold.";
  return conflict("out_of_stock", detail, { items });
}
