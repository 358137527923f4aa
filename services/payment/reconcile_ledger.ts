import { gauges } from "../shared/metrics.ts";
import { onCommit, type Pool, type Tx } from "../shared/postgres.ts";
import type { Deps } from "./deps.ts";
import { BOOKS, type Difference, EXAMPLES } from "./ledger_repository.ts";

/** How many rows one statement compares, about 0.2 s of work, and how long a run goes on. */
export interface Pace {
  rows: number;
  milliseconds: number;
}

const PACE: Pace = { rows: 5_000, milliseconds: 20_000 };

/**
 * Checks the ledger payment by payment, against the payments and against the test provider's own book, and keeps what
 * it finds for the metric. A run that has no more time leaves the rest to the next. Gives what this check has found so
 * far. A difference is logged with the payments at fault; nothing is mended: money is for people.
 */
export async function reconcileLedger(
  deps: Pick<Deps, "repository" | "log">,
  { rows, milliseconds }: Pace = PACE,
): Promise<Difference[]> {
  const end = Date.now() + milliseconds;
  for (;;) {
    const { found, goesOn } = await deps.repository.transaction((tx) => compareSlice(deps, tx, rows));
    if (!goesOn || Date.now() >= end) return found.filter(({ difference }) => difference > 0);
  }
}

/** Compares one slice and notes how far that is. */
async function compareSlice(
  { repository, log }: Pick<Deps, "repository" | "log">,
  tx: Tx,
  rows: number,
): Promise<{ found: Difference[]; goesOn: boolean }> {
  const walk = await repository.lockLedgerWalk(tx);
  if (!walk) return { found: [], goesOn: false };
  const { place, differences } = await repository.compareLedger(tx, walk, rows);
  const found = addUp(walk.found, differences);
  for (const difference of differences.filter(({ difference }) => difference > 0)) {
    onCommit(tx, () => log.error(difference, "the ledger differs from a book"));
    const sum = found.find(({ book, currency }) => book === difference.book && currency === difference.currency);
    await repository.raiseLedgerCheck(tx, sum ?? difference);
  }
  if (place !== undefined) await repository.moveLedgerWalk(tx, { ...walk, place, found });
  else if (walk.stage === "payments") await repository.moveLedgerWalk(tx, { stage: "charges", place: "", found });
  else {
    for (const book of BOOKS) await repository.keepLedgerCheck(tx, book, found.filter((one) => one.book === book));
    await repository.endLedgerWalk(tx);
    return { found, goesOn: false };
  }
  return { found, goesOn: true };
}

/** The differences of two parts together, by book and currency, with some of the payments of each. */
function addUp(some: Difference[], more: Difference[]): Difference[] {
  const sums = new Map<string, Difference>();
  for (const one of [...some, ...more]) {
    const key = `${one.book} ${one.currency}`;
    const sum = sums.get(key) ?? { ...one, difference: 0, examples: [] };
    const examples = [...sum.examples, ...one.examples].slice(0, EXAMPLES);
    sums.set(key, { ...sum, difference: sum.difference + one.difference, examples });
  }
  return [...sums].sort(([a], [b]) => a < b ? -1 : 1).map(([, sum]) => sum);
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

/** Shows when a check last came to the end as nano_ledger_checked_timestamp_seconds: the same in every process. */
export function showLedgerCheckTime(pool: Pool): void {
  gauges(
    "nano_ledger_checked_timestamp_seconds",
    "When the ledger was last checked as a whole, in seconds since 1970.",
    [],
    async () => {
      const { rows } = await pool.query<{ time: number }>({
        name: "payment.ledger_check_time",
        text: "select extract(epoch from end_time)::float8 as time from ledger_walk",
      });
      return rows.map(({ time }) => ({ labels: {}, value: time }));
    },
  );
}
