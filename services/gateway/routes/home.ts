import { createRoute, z } from "@hono/zod-openapi";
import { currentActor, require } from "../../shared/auth.ts";
import { withTimeout } from "../../shared/context.ts";
import type { Deps } from "../app.ts";
import { allow } from "../guards.ts";
import { answers, createRoutes } from "../openapi.ts";
import { Id, Money } from "../schemas.ts";

/** What is away longer than this is left out: the rest of the page is worth more. */
const PART_MS = 1_000;
const LOW_STOCK = 5;
const DAY_MS = 24 * 60 * 60 * 1000;
const DAYS = 30;

const number = z.int().nullable();
const Day = z.object({ day: z.string().openapi({ example: "2026-11-22" }), orders: z.int(), revenue: Money });
const figures = {
  orders: z.int().openapi({ description: "Orders paid.", example: 12 }),
  revenue: Money.openapi({ description: "Money captured, refunds taken off." }),
  average_order: Money,
  new_customers: z.int(),
};

const Home = z.object({
  to_do: z.object({
    orders_to_ship: number.openapi({ description: "Paid or processing.", example: 4 }),
    payments_to_look_at: number.openapi({
      description: "Authorised and not captured, or without an answer of the provider; each counts to 1,000.",
      example: 1,
    }),
    low_stock: number.openapi({ description: "Variants of which 5 or fewer are left; counts to 1,000.", example: 2 }),
    failed_webhooks: number.openapi({ description: "Deliveries that were given up; counts to 1,000.", example: 0 }),
  }).openapi({ description: "null where the number can't be had now." }),
  orders_by_status: z.record(z.string(), z.int()).nullable().openapi({ example: { paid: 3, completed: 120 } }),
  today: z.object(figures),
  last_30_days: z.array(Day).openapi({ description: "Each of the 30 days to today (UTC), oldest first." }),
  previous_30_days: z.object({ ...figures, days: z.array(Day) }).openapi({ description: "The 30 days before those." }),
  best_sellers: z.array(z.object({
    product_id: Id,
    variant_id: Id,
    sku: z.string(),
    name: z.string(),
    quantity: z.int(),
    revenue: Money,
  })).openapi({ description: "The ten variants sold most in the last 30 days." }),
}).openapi("StoreHome");

/** /stores/{id}/home: what an operator sees first, all of it from data that is aggregated as it changes. */
export function home({ clients: { order, payment, product, store } }: Deps) {
  const app = createRoutes();

  app.openapi(
    createRoute({
      method: "get",
      path: "/{id}/home",
      tags: ["Stores"],
      summary: "Get what needs doing in a store, and what happened",
      description: "For its staff.",
      middleware: [allow("stats:read")] as const,
      request: { params: z.object({ id: z.string().openapi({ description: "The store's id." }) }) },
      responses: answers(200, "The figures.", Home, 401, 403, 404),
    }),
    async (c) => {
      const { id } = c.req.valid("param");
      require(currentActor(), "stats:read", id, "store");
      const stats = (first: number, last: number) =>
        store.getStoreStats({ id, from: dayBefore(first), to: dayBefore(last) });
      const [today, last, previous, orders, payments, low, webhooks] = await Promise.all([
        stats(0, 0),
        stats(DAYS - 1, 0),
        stats(2 * DAYS - 1, DAYS),
        orNull(() => order.getOrderCounts({ store_id: id })),
        orNull(() => payment.getPaymentCounts({ store_id: id })),
        orNull(() => product.listLowStock({ store_id: id, threshold: LOW_STOCK, limit: 1, count: true })),
        orNull(() => store.getWebhookCounts({ store_id: id })),
      ]);
      c.header("Cache-Control", "no-store");
      return c.json({
        to_do: {
          orders_to_ship: orders && (orders.orders["paid"] ?? 0) + (orders.orders["processing"] ?? 0),
          payments_to_look_at: payments && payments.authorized + payments.unknown,
          low_stock: low && (low.total ?? 0),
          failed_webhooks: webhooks && webhooks.failed,
        },
        orders_by_status: orders && orders.orders,
        today: sums(today),
        last_30_days: last.days,
        previous_30_days: { ...sums(previous), days: previous.days },
        best_sellers: last.best_sellers,
      }, 200);
    },
  );

  return app;
}

function sums<T>({ orders, revenue, average_order, new_customers }: {
  orders: number;
  revenue?: T;
  average_order?: T;
  new_customers: number;
}) {
  return { orders, revenue, average_order, new_customers };
}

/** The UTC day so many days ago. */
function dayBefore(days: number): string {
  return new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10);
}

function orNull<T>(call: () => Promise<T>): Promise<T | null> {
  return withTimeout(PART_MS, call).catch(() => null);
}
