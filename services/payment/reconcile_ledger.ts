import { gauges } from "../shared/metrics.ts";
import type { Pool } from "../shared/postgres.ts";
import type { Difference, LedgerBook } from "./ledger_rows.ts";
import type { Deps } from "./settle_payment.ts";

/**
 * Checks the ledger payment by payment, against the payments and against the test provider's own book, and keeps what
 * it finds for the metric. A difference is logged with the payments at fault; nothing is mended: money is for people.
 */
export async function reconcileLedger({ repository, log }: Pick<Deps, "repository" | "log">): Promise<Difference[]> {
  const found: Difference[] = [];
  for (const book of ["payments", "test"] as const satisfies LedgerBook[]) {
    const differences = await repository.compareLedger(book);
    await repository.transaction((tx) => repository.keepLedgerCheck(tx, book, differences));
    for (const difference of differences.filter(({ difference }) => difference > 0)) {
      log.error(difference, "the ledger differs from a book");
      found.push(difference);
    }
  }
  return found;
}

/** Shows what the last check found as nano_ledger_difference{book, currency}, in minor units: the same in every process. */
export function showLedgerDifference(pool: Pool): void {
  gauges(
    "nano_ledger_difference",
    "Absolute difference between the ledger and a book, in minor units, as last checked; 0 is well.",
    ["book", "currency"],
    async () => {
      const { rows } = await pool.query<{ book: string; currency: string; difference: number }>({
        name: "payment.ledger_checks",
        text: "select book, currency, difference::float8 as difference from ledger_checks",
      });
      return rows.map(({ book, currency, difference }) => ({ labels: { book, currency }, value: difference }));
    },
  );
}
