import { counter, gauges, largest, OTHER, shared } from "../shared/metrics.ts";
import { onCommit, type Pool, type Tx } from "../shared/postgres.ts";
import { remember } from "../shared/remember.ts";
import type { Change, Order } from "./order.ts";

const funnel = counter("nano_funnel_total", "Carts opened, orders placed, orders paid.", ["step"]);

/** Counts an order that is placed or paid by a change, once that is committed. */
export function countSteps(tx: Tx, order: Pick<Order, "status">, { moves }: Pick<Change, "moves">): void {
  for (const { to } of moves) {
    if (to === order.status) continue;
    if (to === "pending_payment") onCommit(tx, () => funnel.inc({ step: "order" }));
    if (to === "paid") onCommit(tx, () => funnel.inc({ step: "paid" }));
  }
}

/** Stores that a metric tells apart: those with most orders. */
const SHOWN_STORES = 20;
const SLUG_MS = 5 * 60_000;
/** Counting all stores' orders is a walk through a small table; still, not at every scrape. */
const READ_MS = 15_000;

/** Shows orders by store and status, and how old what is half done has become. */
export function showOrders(pool: Pool, slugOf: (store_id: string) => Promise<string>): void {
  const slugs = remember<string>(SLUG_MS, 10 * SHOWN_STORES);

  /** A store's slug; "other" where the store service does not say it now. */
  async function named(store_id: string): Promise<string> {
    if (store_id === OTHER) return OTHER;
    const slug = slugs.get(store_id) ?? await slugOf(store_id).catch(() => undefined);
    if (slug !== undefined) slugs.set(store_id, slug);
    return slug ?? OTHER;
  }

  const orders = shared(async () => {
    const { rows } = await pool.query<{ store: string; status: string; orders: number }>({
      name: "order.measure_orders",
      text: "select store_id as store, status, sum(orders)::float8 as orders from order_counts group by 1, 2",
    });
    const samples = rows.map(({ store, status, orders }) => ({ labels: { store, status }, value: orders }));
    const shown = largest(samples, "store", SHOWN_STORES);
    const stores = [...new Set(shown.map(({ labels }) => labels.store))];
    const names = new Map(await Promise.all(stores.map(async (id) => [id, await named(id)] as const)));
    const slugged = shown.map(({ labels, value }) => ({
      labels: { ...labels, store: names.get(labels.store) ?? OTHER },
      value,
    }));
    // Two that have no slug now are one row.
    return largest(slugged, "store", SHOWN_STORES + 1);
  }, READ_MS);
  gauges("nano_orders", "Orders by store and status.", ["store", "status"], orders);

  gauges("nano_saga_oldest_seconds", "Age of the oldest of what is half done.", ["state"], async () => {
    const { rows: [row] } = await pool.query<Record<(typeof SAGA_STATES)[number], number | null>>({
      name: "order.measure_sagas",
      text: `select
          (select extract(epoch from now() - min(create_time))::float8 from orders where status = 'placing') as placing,
          extract(epoch from now() - min(create_time) filter (where state = 'pending'))::float8 as payment_pending,
          extract(epoch from now() - min(create_time) filter (where state = 'unknown'))::float8 as payment_unknown
        from payment_attempts where state in ('pending', 'unknown')`,
    });
    return SAGA_STATES.map((state) => ({ labels: { state }, value: Math.max(0, row?.[state] ?? 0) }));
  });
}

const SAGA_STATES = ["placing", "payment_pending", "payment_unknown"] as const;
