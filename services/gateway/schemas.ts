import { z } from "@hono/zod-openapi";
import { isId } from "../shared/ids.ts";
import { isCurrency, MAX_AMOUNT } from "../shared/money.ts";

/** Text of 1 (or `min`) to `max` characters that PostgreSQL and JSON can hold: no NUL, no lone surrogate. */
export function text(max: number, min = 1) {
  return z.string().min(min).max(max).refine((value) => value.isWellFormed() && !value.includes("\0"), {
    message: "must be well-formed Unicode without NUL",
  });
}

/** A UUID, in lower case from here on: as PostgreSQL writes it, so that ids are equal where they are `===`. */
export const Id = z.string().toLowerCase().refine(isId, { message: "must be a UUID" }).openapi({
  format: "uuid",
  example: "019aa0b4-7a3c-7c55-9b7e-3f1d2c4b5a69",
});

/** An ISO 4217 code in use. */
export const Currency = z.string().refine(isCurrency, { message: "must be an ISO 4217 code" }).openapi({
  example: "USD",
});

/** A time in an answer: UTC, to the millisecond. */
export const Time = z.string().openapi({ format: "date-time", example: "2026-11-22T09:30:00.000Z" });

/** An amount and its currency, as every answer shows it. */
export const Money = z.strictObject({
  amount: z.int().min(-MAX_AMOUNT).max(MAX_AMOUNT).openapi({ description: "Minor units.", example: 1999 }),
  currency: Currency,
}).openapi("Money");

/** A price that comes in: money, or a bare amount in minor units of the store's currency. Not negative. */
export const MoneyInput = z.union([
  z.int().min(0).max(MAX_AMOUNT),
  z.strictObject({ amount: z.int().min(0).max(MAX_AMOUNT), currency: Currency }),
]).openapi("MoneyInput", { example: { amount: 1999, currency: "USD" } });

/** A postal address, for shipping and billing. */
export const Address = z.strictObject({
  name: text(200),
  company: text(200).optional(),
  line1: text(200),
  line2: text(200).optional(),
  city: text(100),
  region: text(100).optional(),
  postal_code: text(20),
  country: z.string().regex(/^[A-Z]{2}$/, "must be an ISO 3166-1 alpha-2 code"),
  phone: text(40).optional(),
}).openapi("Address", {
  example: {
    name: "Ada Lovelace",
    line1: "12 St James's Square",
    city: "London",
    postal_code: "SW1Y 4JH",
    country: "GB",
  },
});

/** A whole number in a query. Not coerced, as an empty field of a form would be 0 then. */
export const wholeNumber = z.string().refine((text) => /^\d{1,15}$/.test(text), { message: "must be a whole number" })
  .transform(Number);

/** The query of a list: `limit` above 100 counts as 100. */
export const pageQuery = {
  limit: z.coerce.number().transform((value) => Math.min(value, 100)).pipe(z.int().min(1)).default(20).openapi({
    type: "integer",
    minimum: 1,
    default: 20,
    example: 20,
  }),
  cursor: text(1000).optional().openapi({ description: "The next_cursor of the page before." }),
  count: z.enum(["exact"]).optional().openapi({ description: "Adds `total`." }),
};

/** A page of a list. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ data: z.array(item), next_cursor: z.string().nullable(), total: z.int().optional() });
}

/** A page as JSON: `next_cursor` is null on the last. */
export function presentPage<T, U>(
  page: { data: T[]; next_cursor?: string | undefined; total?: number | undefined },
  present: (item: T) => U,
) {
  return {
    data: page.data.map(present),
    next_cursor: page.next_cursor ?? null,
    ...(page.total === undefined ? {} : { total: page.total }),
  };
}

/** What some refusals say beyond their code; services/shared/errors.ts calls them members. */
const members = z.object({
  allowed: z.array(z.string()).openapi({ description: "invalid_transition: where the order can go.", example: [] }),
  available: z.int(),
  capturable: Money.openapi({ description: "over_capture: what was authorised." }),
  failure_code: z.string().openapi({ description: "Why the provider refused.", example: "card_declined" }),
  items: z.array(z.object({ variant_id: Id, sku: z.string(), requested: z.int(), available: z.int() })).openapi({
    description: "out_of_stock: each variant of which there is not enough.",
  }),
  on_hand: z.int(),
  order_id: Id.openapi({ description: "cart_ordered: the order that the cart became." }),
  orders: z.array(z.int()).openapi({ description: "orders_in_progress: their numbers." }),
  payment_id: Id.openapi({ description: "already_paid, payment_in_progress: by or in which payment." }),
  payment_status: z.string().openapi({
    description: "payment_not_capturable, payment_not_voidable: what it is instead.",
  }),
  refundable: Money.openapi({ description: "over_refund: what is left." }),
  reserved: z.int(),
  total: Money.openapi({ description: "price_changed: the total now." }),
  version: z.int().openapi({ description: "version_conflict: the version now." }),
}).partial();

/** A refusal (RFC 9457). */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  instance: z.string(),
  code: z.string().openapi({ description: "Stable, lower snake case.", example: "out_of_stock" }),
  request_id: z.string(),
  errors: z.array(z.object({ pointer: z.string(), code: z.string(), message: z.string() })).optional().openapi({
    description: "The fields at fault: JSON pointers into the body, `/<name>` of a query.",
  }),
  ...members.shape,
}).openapi("Problem");
