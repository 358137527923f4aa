import { invalid } from "../shared/errors.ts";
import { type Money, money, mulDiv } from "../shared/money.ts";

/** A day's figures in minor units. */
export interface DayFigures {
  /** YYYY-MM-DD in UTC. */
  day: string;
  orders: number;
  revenue: number;
}

/** A line that sold. */
export interface Sale {
  product_id: string;
  variant_id: string;
  sku: string;
  name: string;
  quantity: number;
  /** In minor units. */
  revenue: number;
}

/** A variant that sells; the same as a sale, summed over a span. */
export type Seller = Sale;

/** The days from the first to the last, both inclusive. */
export interface Span {
  from: string;
  to: string;
}

/** A store's figures between two days, by `GET /stores/{id}/stats`. */
export interface Stats {
  orders: number;
  revenue: Money;
  average_order: Money;
  new_customers: number;
  best_sellers: (Omit<Seller, "revenue"> & { revenue: Money })[];
  days: { day: string; orders: number; revenue: Money }[];
  from: string;
  to: string;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const DEFAULT_DAYS = 30;
const MAX_DAYS = 366;

/** The UTC day of a time as YYYY-MM-DD. */
export function dayOf(time: Date): string {
  return time.toISOString().slice(0, 10);
}

/** The span that a request means: by default 30 days that end today. At most 366 days. */
export function spanOf(from: string, to: string, now: Date): Span {
  const last = to ? parseDay(to, "/to") : Date.parse(dayOf(now));
  const first = from ? parseDay(from, "/from") : last - (DEFAULT_DAYS - 1) * DAY_MS;
  if (first > last) throw invalid("invalid_span", "`from` must not be after `to`.", "/from");
  if ((last - first) / DAY_MS + 1 > MAX_DAYS) {
    throw invalid("invalid_span", `A span has at most ${MAX_DAYS} days.`, "/from");
  }
  return { from: dayOf(new Date(first)), to: dayOf(new Date(last)) };
}

/** Puts a store's figures together: sums over the span, and each of its days, also those without orders. */
export function summarize(
  span: Span,
  currency: string,
  days: (DayFigures & { new_customers: number })[],
  sellers: Seller[],
): Stats {
  const byDay = new Map(days.map((day) => [day.day, day]));
  const orders = days.reduce((sum, day) => sum + day.orders, 0);
  const revenue = days.reduce((sum, day) => sum + day.revenue, 0);
  return {
    orders,
    revenue: money(revenue, currency),
    average_order: money(orders ? mulDiv(revenue, 1, orders) : 0, currency),
    new_customers: days.reduce((sum, day) => sum + day.new_customers, 0),
    best_sellers: sellers.map((seller) => ({ ...seller, revenue: money(seller.revenue, currency) })),
    days: daysOf(span).map((day) => ({
      day,
      orders: byDay.get(day)?.orders ?? 0,
      revenue: money(byDay.get(day)?.revenue ?? 0, currency),
    })),
    ...span,
  };
}

function daysOf({ from, to }: Span): string[] {
  const days: string[] = [];
  for (let time = Date.parse(from); time <= Date.parse(to); time += DAY_MS) days.push(dayOf(new Date(time)));
  return days;
}

function parseDay(text: string, pointer: string): number {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : NaN;
  // Date.parse takes 2025-02-30 for a day of March.
  if (!Number.isNaN(time) && dayOf(new Date(time)) === text && time >= Date.parse("1970-01-01")) return time;
  throw invalid("invalid_day", "A day is written YYYY-MM-DD.", pointer);
}
