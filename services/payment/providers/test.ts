import type { Pool } from "../../shared/postgres.ts";
import { readJson, verifySignature } from "../webhook_signature.ts";
import {
  BadWebhook,
  type Charge,
  type ChargeState,
  type Provider,
  ProviderFault,
  type RefundState,
} from "./provider.ts";

const SLOW_MS = 30_000;

/** What signs the test provider's webhooks. No secret: outside of development there are none. */
export const TEST_WEBHOOK_SECRET = "whsec_nano_test";

/** The header of the test provider's webhooks, `t=<seconds>,v1=<hex HMAC-SHA256 of t.body>`, as Stripe has it. */
const TEST_SIGNATURE = "test-signature";

export interface TestProviderOptions {
  /** How long tok_slow takes. */
  slow_ms?: number;
  /** Whether webhooks, signed with TEST_WEBHOOK_SECRET, are taken. */
  webhooks?: boolean;
}

/** How each token behaves; any other is declined as `invalid_token`. */
const TOKENS: Record<string, { failure_code?: string; slow?: boolean; silent?: boolean; fault?: boolean }> = {
  tok_ok: {},
  tok_declined: { failure_code: "card_declined" },
  tok_insufficient_funds: { failure_code: "insufficient_funds" },
  tok_slow: { slow: true },
  tok_timeout_after_charge: { silent: true },
  tok_error: { fault: true },
};

interface ChargeRow {
  status: "authorized" | "captured" | "declined" | "voided";
  captured_amount: number;
  failure_code: string | null;
  /** Milliseconds until the provider has made up its mind; 0 once it has. */
  wait: number;
}

const STATE =
  "status, captured_amount, failure_code, greatest(0, ceil(extract(epoch from settle_time - clock_timestamp()) * 1000))::int as wait";

/**
 * A provider for trying out, with a durable book of its own (test_charges, test_refunds), written in transactions of
 * its own, as another company's would be.
 */
export function createTestProvider(pool: Pool, options: TestProviderOptions = {}): Provider {
  const { slow_ms = SLOW_MS, webhooks = false } = options;

  async function row(name: string, text: string, values: unknown[]): Promise<ChargeRow | undefined> {
    return (await pool.query<ChargeRow>({ name: `test.${name}`, text, values })).rows[0];
  }

  const look = (key: string) => row("look", `select ${STATE} from test_charges where key = $1`, [key]);

  async function enter(charge: Charge, failure_code: string | undefined, delay_ms: number): Promise<ChargeRow> {
    const { key, amount: { amount, currency }, capture } = charge;
    const status = failure_code ? "declined" : capture === "manual" ? "authorized" : "captured";
    const entered = await row(
      "charge",
      `insert into test_charges (key, status, amount, captured_amount, currency, failure_code, settle_time)
       values ($1, $2, $3, case when $2 = 'captured' then $3::bigint else 0 end, $4, $5, clock_timestamp() + $6 * interval '1 millisecond')
       on conflict (key) do nothing returning ${STATE}`,
      [key, status, amount, currency, failure_code ?? null, delay_ms],
    ) ?? await look(key);
    if (!entered) throw new ProviderFault("The book lost a charge.");
    return entered;
  }

  /** Changes what is authorised, and tells how the charge stands then, whoever changed it. */
  async function change(key: string, name: string, text: string, values: unknown[]): Promise<ChargeState> {
    const changed = await row(name, text, values) ?? await look(key);
    return changed ? stateOf(changed) : { state: "absent" };
  }

  /** Asked in a statement of its own: the one that enters a refund does not see what a twin entered meanwhile. */
  async function refunded(key: string): Promise<boolean> {
    const { rowCount } = await pool.query({
      name: "test.refunded",
      text: "select from test_refunds where key = $1",
      values: [key],
    });
    return rowCount === 1;
  }

  return {
    method: { id: "test", name: "Test card", kind: "card" },

    async authorize(charge: Charge, signal: AbortSignal): Promise<ChargeState> {
      const behaviour = TOKENS[charge.token] ?? { failure_code: "invalid_token" };
      if (behaviour.fault) throw new ProviderFault("The provider answered 500.");
      const row = await enter(charge, behaviour.failure_code, behaviour.slow ? slow_ms : 0);
      if (behaviour.silent) await pause(Infinity, signal);
      await pause(row.wait, signal);
      return stateOf({ ...row, wait: 0 });
    },

    async lookUp({ key }): Promise<ChargeState> {
      const row = await look(key);
      return row ? stateOf(row) : { state: "absent" };
    },

    capture: ({ charge: { key }, amount }) =>
      change(
        key,
        "capture",
        `update test_charges set status = 'captured', captured_amount = $2
         where key = $1 and status = 'authorized' and currency = $3 and $2 between 0 and amount returning ${STATE}`,
        [key, amount.amount, amount.currency],
      ),

    void: ({ charge: { key } }) =>
      change(
        key,
        "void",
        `update test_charges set status = 'voided' where key = $1 and status = 'authorized' returning ${STATE}`,
        [key],
      ),

    async refund({ key, charge, amount }): Promise<RefundState> {
      // One statement: the refund is entered and taken off the charge, or neither; a key seen before changes nothing.
      const { rows } = await pool.query<{ known: boolean }>({
        name: "test.refund",
        text: `with made as (
                 insert into test_refunds (key, charge_key, amount)
                 select $1, key, $3 from test_charges
                 where key = $2 and status = 'captured' and currency = $4 and refunded_amount + $3 <= captured_amount
                 on conflict (key) do nothing returning amount
               ), taken as (
                 update test_charges set refunded_amount = refunded_amount + made.amount from made where key = $2 returning 1
               )
               select exists (select from taken) or exists (select from test_refunds where key = $1) as known`,
        values: [key, charge.key, amount.amount, amount.currency],
      });
      return rows[0]?.known || await refunded(key)
        ? { state: "succeeded" }
        : { state: "failed", failure_code: "over_refund" };
    },

    ...(webhooks ? { parseWebhook } : {}),
  };
}

/** Reads `{ id, type, charge_key?, refund_key? }`. */
function parseWebhook(headers: Record<string, string>, body: Uint8Array) {
  verifySignature(headers[TEST_SIGNATURE], body, TEST_WEBHOOK_SECRET);
  const { id, type, charge_key, refund_key } = readJson(body);
  if (typeof id !== "string" || typeof type !== "string") throw new BadWebhook("The event has no id or type.");
  const text = (value: unknown) => typeof value === "string" ? value : undefined;
  return { id, type, charge_key: text(charge_key), refund_key: text(refund_key) };
}

function stateOf(row: ChargeRow): ChargeState {
  if (row.wait > 0) return { state: "pending" };
  if (row.status === "declined") return { state: "declined", failure_code: row.failure_code ?? "declined" };
  if (row.status === "captured") return { state: "captured", captured: row.captured_amount };
  return { state: row.status };
}

/** Waits; throws at once when the signal says so. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = Number.isFinite(milliseconds) ? setTimeout(resolve, milliseconds) : undefined;
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}
