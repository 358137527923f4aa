import { remainingTime } from "./context.ts";
import { type Sql, STATEMENT_TIMEOUT_MS } from "./postgres.ts";

/** So many rows go at a time: with all that hangs on them, well within what a statement may take. */
const BATCH = 200;

/**
 * Deletes the rows that a condition names, a few at a time and each few for themselves, so that it succeeds however many
 * they are. False where the job's time ends first: the rest is for its next run.
 */
export async function deleteInBatches(
  sql: Sql,
  table: string,
  condition: string,
  values: unknown[] = [],
  batch = BATCH,
): Promise<boolean> {
  // By their places: one that is changed meanwhile has another, and stays.
  const text =
    `delete from ${table} where ctid = any(array(select ctid from ${table} where ${condition} limit ${batch}))`;
  while (remainingTime(Infinity) > STATEMENT_TIMEOUT_MS) {
    const { rowCount } = await sql.query({ text, values });
    if ((rowCount ?? 0) < batch) return true;
  }
  return false;
}
