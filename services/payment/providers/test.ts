import type { Pool } from "../../shared/postgres.ts";
import {
  type Charge,
  type ChargeState,
  type Provider,
  ProviderFault,
  type RefundOrder,
  type RefundState,
} from "./provider.ts";

const SLOW_MS = 30_000;

/** How each token behaves; any other is declined as `invalid_token`. */
const TOKENS: Record<string, { failure_code?: string; delay_ms?: number; silent?: boolean; fault?: boolean }> = {
  tok_ok: {},
  tok_declined: { failure_code: "card_declined" },
  tok_insufficient_funds: { failure_code: "insufficient_funds" },
  tok_slow: { delay_ms: SLOW_MS },
  tok_timeout_after_charge: { silent: true },
  tok_error: { fault: true },
};

interface ChargeRow {
  status: "captured" | "declined";
  failure_code: string | null;
  /** Milliseconds until the provider has made up its mind; 0 once it has. */
  wait: number;
}

const STATE =
  "status, failure_code, greatest(0, ceil(extract(epoch from settle_time - clock_timestamp()) * 1000))::int as wait";

/**
 * A provider for trying out, with a durable book of its own (test_charges, test_refunds), written in transactions of
 * its own, as another company's would be. It captures at once.
 */
export function createTestProvider(pool: Pool): Provider {
  async function look(key: string): Promise<ChargeRow | undefined> {
    const { rows } = await pool.query<ChargeRow>({
      name: "test.look",
      text: `select ${STATE} from test_charges where key = $1`,
      values: [key],
    });
    return rows[0];
  }

  async function enter(
    charge: Charge,
    status: "captured" | "declined",
    failure_code: string | undefined,
    delay_ms: number,
  ): Promise<ChargeRow> {
    const { rows } = await pool.query<ChargeRow>({
      name: "test.charge",
      text: `insert into test_charges (key, status, amount, currency, failure_code, settle_time)
             values ($1, $2, $3, $4, $5, clock_timestamp() + $6 * interval '1 millisecond')
             on conflict (key) do nothing returning ${STATE}`,
      values: [charge.key, status, charge.amount.amount, charge.amount.currency, failure_code ?? null, delay_ms],
    });
    const row = rows[0] ?? await look(charge.key);
    if (!row) throw new ProviderFault("The book lost a charge.");
    return row;
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

    async authorise(charge: Charge, signal: AbortSignal): Promise<ChargeState> {
      const behaviour = TOKENS[charge.token] ?? { failure_code: "invalid_token" };
      if (behaviour.fault) throw new ProviderFault("The provider answered 500.");
      const { failure_code, delay_ms = 0 } = behaviour;
      const row = await enter(charge, failure_code ? "declined" : "captured", failure_code, delay_ms);
      if (behaviour.silent) await pause(Infinity, signal);
      await pause(row.wait, signal);
      return stateOf({ ...row, wait: 0 });
    },

    async lookUp(key: string): Promise<ChargeState> {
      const row = await look(key);
      return row ? stateOf(row) : { state: "absent" };
    },

    async refund({ key, charge_key, amount }: RefundOrder): Promise<RefundState> {
      // One statement: the refund is entered and taken off the charge, or neither; a key seen before changes nothing.
      const { rows } = await pool.query<{ known: boolean }>({
        name: "test.refund",
        text: `with made as (
                 insert into test_refunds (key, charge_key, amount)
                 select $1, key, $3 from test_charges
                 where key = $2 and status = 'captured' and currency = $4 and refunded_amount + $3 <= amount
                 on conflict (key) do nothing returning amount
               ), taken as (
                 update test_charges set refunded_amount = refunded_amount + made.amount from made where key = $2 returning 1
               )
               select exists (select from taken) or exists (select from test_refunds where key = $1) as known`,
        values: [key, charge_key, amount.amount, amount.currency],
      });
      return rows[0]?.known || await refunded(key)
        ? { state: "succeeded" }
        : { state: "failed", failure_code: "over_refund" };
    },

    capture: () =>
      Promise.reject(new ProviderFault("The test provider captures at once: there is nothing to capture.")),
    void: () => Promise.reject(new ProviderFault("The test provider captures at once: refund instead of voiding.")),
  };
}

function stateOf(row: ChargeRow): ChargeState {
  if (row.wait > 0) return { state: "pending" };
  return row.status === "declined"
    ? { state: "declined", failure_code: row.failure_code ?? "declined" }
    : { state: "captured" };
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
