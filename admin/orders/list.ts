import type { Context } from "fresh";
import { api } from "../api.ts";
import { entryOf } from "../entry.ts";
import type { Flash } from "../flash.ts";
import { texts } from "../texts.ts";
import type { BulkResult, Order, Page } from "../types.ts";
import type { State } from "../utils.ts";

/** What the page of orders lists. */
export interface OrderList {
  orders: Page<Order>;
  /** How many of the store's orders have which status. */
  counts: Record<string, number>;
}

const DAY_MS = 86_400_000;
const MAX_REASONS = 3;
const FILTERS = ["q", "from", "to", "user_id"];

/** The list that the URL describes, as links and the back button keep it. */
export async function loadOrders(ctx: Context<State>): Promise<OrderList> {
  const { get } = api(ctx);
  const asked = (name: string) => ctx.url.searchParams.get(name) ?? undefined;
  const [orders, counts] = await Promise.all([
    get<Page<Order>>("/orders", {
      limit: 50,
      q: asked("q"),
      status: asked("status"),
      user_id: asked("user_id"),
      from: asked("from"),
      to: nextDay(asked("to")),
      sort: asked("sort"),
      cursor: asked("cursor"),
      ...(FILTERS.some(asked) && !asked("cursor") ? { count: "exact" } : {}),
    }),
    get<Record<string, number>>("/orders/counts"),
  ]);
  return { orders, counts };
}

/** How many the list has on all its pages, where that is known: a filtered one is counted on its first. */
export function totalOf({ orders, counts }: OrderList, { searchParams }: URL): number | undefined {
  if (FILTERS.some((name) => searchParams.get(name))) return orders.total;
  const status = searchParams.get("status");
  return status ? entryOf(counts, status) ?? 0 : Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** `to` is a day that counts, too. */
function nextDay(day: string | undefined): string | undefined {
  const start = day ? Date.parse(day) : NaN;
  return Number.isNaN(start) ? day : new Date(start + DAY_MS).toISOString().slice(0, 10);
}

/** Moves many orders; says how many went, and why others did not. */
export async function moveAll(ctx: Context<State>, ids: string[], status: string): Promise<Flash> {
  const { data, changed, refused } = await api(ctx).post<BulkResult>("/orders/bulk-status", { ids, status });
  const moved = texts.orders.bulkMoved(changed, status);
  if (refused === 0) return { text: moved, tone: "good" };
  const reasons = new Set(data.flatMap(({ ok, detail }) => ok ? [] : detail ?? []));
  const why = [...reasons].slice(0, MAX_REASONS).join(" ");
  return { text: `${changed ? `${moved} ` : ""}${texts.orders.bulkRefused(refused)} ${why}`, tone: "bad" };
}
