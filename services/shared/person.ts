import { type Actor, isAdmin } from "./auth.ts";
import { conflict, type NanoError, notFound, unauthenticated, unavailable } from "./errors.ts";
import type { Sql } from "./postgres.ts";

/** What stands where a person's words were. */
export const ERASED = "(erased)";

/** What stands where an e-mail address was: no mail can ever go there (RFC 2606). */
export const ERASED_EMAIL = "erased@erased.invalid";

/** What is left of an address: the country, which the tax depended on. */
export function erasedAddress(country: unknown) {
  return {
    name: ERASED,
    line1: ERASED,
    city: ERASED,
    postal_code: ERASED,
    country: typeof country === "string" ? country : "ZZ",
  };
}

/** Refuses to show what is held about a person to anybody but that person, admins and services. */
export function requirePerson(actor: Actor, user_id: string): void {
  if (actor.kind === "service" || isAdmin(actor)) return;
  if (!actor.user_id) throw unauthenticated();
  if (actor.user_id !== user_id) throw notFound("user");
}

/** An event's data without the person: what was bought, for how much and when stays. */
export function eraseEventData(type: string, data: Record<string, unknown>): Record<string, unknown> {
  if (type.startsWith("customer.")) return { id: data.id, create_time: data.create_time };
  if (type.startsWith("payment.")) {
    return isObject(data.refund) ? { ...data, refund: { ...data.refund, reason: ERASED } } : data;
  }
  if (!type.startsWith("order.")) return data;
  const { note: _, ...order } = data;
  const erased: Record<string, unknown> = { ...order, email: ERASED_EMAIL };
  for (const name of ["shipping_address", "billing_address"]) {
    const address = order[name];
    if (isObject(address)) erased[name] = erasedAddress(address.country);
  }
  if (Array.isArray(order.history)) erased.history = order.history.map((step) => ({ ...step, reason: "" }));
  return erased;
}

interface JobRow {
  id: string;
  payload: unknown;
  running: boolean;
}

/**
 * Takes a person out of the events that wait in a service's jobs. Throws `unavailable` while one of them runs: it may
 * carry the person on to the store service, so whoever erases tries again after it. `needles` are ids and addresses.
 */
export async function eraseJobs(tx: Sql, service: string, needles: string[]): Promise<void> {
  const { rows } = await tx.query<JobRow>({
    name: `${service}.erase_find_jobs`,
    text: `select j.id, j.payload, j.locked_at is not null as running from ${service}_jobs._private_jobs j
           join ${service}_jobs._private_tasks t on t.id = j.task_id
           where t.identifier = 'publish_event'
             and exists (select from unnest($1::text[]) needle where position(needle in j.payload::text) > 0)`,
    values: [needles],
  });
  if (rows.some(({ running }) => running)) throw unavailable("An event about the person is on its way.");
  for (const { id, payload } of rows) {
    const event = payload as { type: string; data_json: string };
    const data_json = JSON.stringify(eraseEventData(event.type, JSON.parse(event.data_json)));
    const { rowCount } = await tx.query({
      name: `${service}.erase_job`,
      text: `update ${service}_jobs._private_jobs set payload = $2::json where id = $1 and locked_at is null`,
      values: [id, JSON.stringify({ ...event, data_json })],
    });
    if (!rowCount) throw unavailable("An event about the person is on its way.");
  }
}

/** The refusal to erase whose orders are under way. */
export function ordersInProgress(numbers: number[]): NanoError {
  return conflict(
    "orders_in_progress",
    `Orders are under way: ${numbers.slice(0, 10).map((number) => `#${number}`).join(", ")}. ` +
      "They must be completed, cancelled or refunded first.",
    { orders: numbers },
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
