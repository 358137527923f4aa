import type { Actor } from "../shared/auth.ts";
import { conflict, invalid, type NanoError } from "../shared/errors.ts";
import { newId } from "../shared/ids.ts";
import { type Money, money } from "../shared/money.ts";
import { type Tax, type Totals, totalUp } from "../shared/totals.ts";

/** Whose a cart is. */
export type Principal = { kind: "user"; id: string } | { kind: "guest"; id: string };

/** A line as it is stored, with what was offered when it was last written. */
export interface Line {
  id: string;
  product_id: string;
  variant_id: string;
  sku: string;
  name: string;
  /** In minor units. */
  unit_price: number;
  quantity: number;
}

/** A cart as it is stored, its lines in the order in which they were added. */
export interface StoredCart {
  id: string;
  version: number;
  lines: Line[];
}

/** A variant as it is offered now. */
export interface Offer {
  product_id: string;
  variant_id: string;
  sku: string;
  name: string;
  image?: string | undefined;
  /** In minor units. */
  unit_price: number;
  available: number;
}

/** Offers by variant. */
export type Offers = ReadonlyMap<string, Offer>;

/** A cart with today's prices. */
export interface PricedCart {
  id: string;
  token?: string;
  store_id: string;
  currency: string;
  items:
    (Omit<Line, "unit_price"> & { image?: string | undefined; unit_price: Money; total: Money; available: number })[];
  subtotal: Money;
  discount: Money;
  shipping: Money;
  tax: Money;
  total: Money;
  item_count: number;
  version: number;
}

export const MAX_LINES = 100;
export const MAX_QUANTITY = 999;

/** What a cart may come to in minor units, so that it stays exact with any tax. */
const MAX_SUBTOTAL = Number.MAX_SAFE_INTEGER / 4;

/** Whose cart an actor's is: the user's, else the guest's; a stranger has none yet. */
export function principalOf(actor: Actor): Principal | undefined {
  if (actor.user_id) return { kind: "user", id: actor.user_id };
  return actor.guest_hash && /^[0-9a-f]{64}$/.test(actor.guest_hash)
    ? { kind: "guest", id: actor.guest_hash }
    : undefined;
}

/** Refuses a quantity that no line can have. */
export function checkQuantity(quantity: number): void {
  if (!Number.isInteger(quantity) || quantity < 1 || quantity > MAX_QUANTITY) throw invalidQuantity();
}

/** The refusal of a quantity that no line can have. */
export function invalidQuantity(): NanoError {
  return invalid("invalid_quantity", `A quantity is 1 to ${MAX_QUANTITY}.`, "/quantity");
}

/** Refuses to want more of a variant than can be bought now. */
export function checkStock(line: Pick<Line, "variant_id" | "sku">, requested: number, available: number): void {
  if (requested <= available) return;
  const { variant_id, sku } = line;
  throw conflict("out_of_stock", `There are only ${available} of ${sku}.`, {
    items: [{ variant_id, sku, requested, available }],
  });
}

/** Refuses a cart that grew too large. */
export function checkSize(cart: StoredCart): void {
  if (cart.lines.length > MAX_LINES) throw conflict("cart_full", `A cart has at most ${MAX_LINES} lines.`);
  const subtotal = cart.lines.reduce((sum, line) => sum + line.quantity * line.unit_price, 0);
  if (subtotal > MAX_SUBTOTAL) throw conflict("cart_full", "The cart would come to more than can be charged.");
}

/**
 * The line of an offer, and the cart that has it, after a quantity was added to what was there. Throws
 * `invalid_quantity`, `out_of_stock`, `cart_full`.
 */
export function withMore(cart: StoredCart, offer: Offer, quantity: number): { line: Line; cart: StoredCart } {
  const { variant_id, sku, name, unit_price } = offer;
  const there = cart.lines.find((line) => line.variant_id === variant_id);
  const { id, product_id } = there ?? { id: newId(), product_id: offer.product_id };
  const line = { id, product_id, variant_id, sku, name, unit_price, quantity: (there?.quantity ?? 0) + quantity };
  checkQuantity(line.quantity);
  checkStock(offer, line.quantity, offer.available);
  const lines = [...cart.lines.filter((line) => line.id !== id), line].sort((a, b) => a.id < b.id ? -1 : 1);
  const grown = { ...cart, version: cart.version + 1, lines };
  checkSize(grown);
  return { line, cart: grown };
}

/**
 * The quantity of a line after a guest's cart was merged into it: both added, capped at 999 and at the stock, if that is
 * known. Of what has sold out nothing is added, but nothing is lost.
 */
export function mergedQuantity(own: number, guests: number, available: number | undefined): number {
  if (available === undefined || available > 0) return Math.min(own + guests, MAX_QUANTITY, available ?? MAX_QUANTITY);
  return own || guests;
}

/** The lines, each with what an order did not take of it. */
export function leftOver(lines: Line[], taken: { variant_id: string; quantity: number }[]): Line[] {
  const quantities = new Map(taken.map((line) => [line.variant_id, line.quantity]));
  return lines.map((line) => ({ ...line, quantity: line.quantity - (quantities.get(line.variant_id) ?? 0) }))
    .filter((line) => line.quantity > 0);
}

/**
 * Prices a cart by the catalogue. A line whose offer is gone keeps its last price and can't be bought: `available` is 0.
 * Throws `total_too_large` where prices have risen beyond what numbers can hold.
 */
export function priceCart(
  cart: StoredCart | undefined,
  store: { id: string; currency: string; tax: Tax },
  offers: Offers,
): PricedCart {
  const { currency } = store;
  const lines = (cart?.lines ?? []).map((line) => {
    const offer = offers.get(line.variant_id);
    return { ...line, ...offer, available: offer?.available ?? 0 };
  });
  const { subtotal, discount, shipping, tax, total } = exactTotals(lines, store.tax, currency);
  return {
    id: cart?.id ?? "",
    store_id: store.id,
    currency,
    items: lines.map((line) => ({
      ...line,
      unit_price: money(line.unit_price, currency),
      total: money(line.quantity * line.unit_price, currency),
    })),
    subtotal,
    discount,
    shipping,
    tax,
    total,
    item_count: lines.reduce((sum, line) => sum + line.quantity, 0),
    version: cart?.version ?? 0,
  };
}

function exactTotals(...of: Parameters<typeof totalUp>): Totals {
  try {
    return totalUp(...of);
  } catch (error) {
    if (error instanceof RangeError) throw conflict("total_too_large", "The cart's total is too large.");
    throw error;
  }
}
