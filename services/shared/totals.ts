import { type Money, money, mulDiv } from "./money.ts";

/** A line to be totalled. */
export interface PricedLine {
  quantity: number;
  /** The price of one in minor units. */
  unit_price: number;
}

/** How a store taxes. */
export interface Tax {
  /** The rate in basis points: 1900 is 19 %. */
  rate_bp: number;
  /** Whether prices include it. */
  included: boolean;
}

/** What lines come to, each and together. */
export interface Totals {
  lines: { net: Money; tax: Money; total: Money }[];
  subtotal: Money;
  discount: Money;
  shipping: Money;
  tax: Money;
  total: Money;
}

/**
 * The one place where prices are totalled, for carts and orders alike. Tax per line = quantity × unit_price × rate,
 * rounded half away from zero; included tax is the part of the price that it makes up. total = subtotal − discount +
 * shipping + (tax unless included); lines always sum to totals. Discount and shipping are 0 in this release.
 */
export function totalUp(lines: readonly PricedLine[], tax: Tax, currency: string): Totals {
  let subtotal = 0, taxes = 0;
  const priced = lines.map((line) => {
    const net = line.quantity * line.unit_price;
    const part = tax.included ? mulDiv(net, tax.rate_bp, 10_000 + tax.rate_bp) : mulDiv(net, tax.rate_bp, 10_000);
    subtotal += net;
    taxes += part;
    return {
      net: money(net, currency),
      tax: money(part, currency),
      total: money(tax.included ? net : net + part, currency),
    };
  });
  return {
    lines: priced,
    subtotal: money(subtotal, currency),
    discount: money(0, currency),
    shipping: money(0, currency),
    tax: money(taxes, currency),
    total: money(tax.included ? subtotal : subtotal + taxes, currency),
  };
}
