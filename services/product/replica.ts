import type { Log } from "../shared/log.ts";
import type { Pool, Sql } from "../shared/postgres.ts";

/** How old an answer of the replica may be, over what the primary would say at that moment. */
const MAX_LAG_MS = 400;
const ASK_MS = 100;

/** Reads that a replica may answer. */
export interface Replica extends Sql {
  /** Whether it is near enough to the primary to be asked. */
  isFresh(): boolean;
  close(): Promise<void>;
}

/**
 * Sends reads to a replica as long as it is known to have replayed, not more than 400 ms ago, all that the primary had
 * written by then; else, and where it fails, to the primary.
 */
export function createReplica({ primary, replica, log }: { primary: Pool; replica: Pool; log: Log }): Replica {
  let freshUntil = -Infinity;
  let [asking, away, closed] = [false, false, false];
  /** What the primary had written when it was last asked, and when that was. */
  let mark: { lsn: string; at: number } | undefined;

  async function ask(): Promise<void> {
    if (asking || closed) return;
    asking = true;
    try {
      mark ??= await markOf(primary);
      const { rows: [row] } = await replica.query<{ there: boolean }>({
        name: "product.replica_at",
        text:
          "select case when pg_is_in_recovery() then coalesce(pg_last_wal_replay_lsn() >= $1::pg_lsn, false) else true end as there",
        values: [mark.lsn],
      });
      if (row?.there) {
        freshUntil = mark.at + MAX_LAG_MS;
        mark = undefined;
      }
      if (away) log.info("the replica is back");
      away = false;
    } catch (error) {
      lost(error);
    } finally {
      asking = false;
    }
  }

  function lost(error: unknown): void {
    freshUntil = -Infinity;
    mark = undefined;
    if (!away && !closed) log.warn({ err: error }, "the replica is away: the primary answers for it");
    away = true;
  }

  const timer = setInterval(ask, ASK_MS);
  ask();
  const isFresh = () => performance.now() < freshUntil;

  return {
    isFresh,
    async query<Row extends object>(statement: Parameters<Sql["query"]>[0]) {
      if (!isFresh()) return await primary.query<Row>(statement);
      try {
        return await replica.query<Row>(statement);
      } catch (error) {
        // What the primary would refuse too is none of the replica's faults: 40001 is, a conflict with what it replays.
        if (/^(22|23|42)/.test(String((error as { code?: unknown }).code ?? ""))) throw error;
        lost(error);
        return await primary.query<Row>(statement);
      }
    },
    async close() {
      closed = true;
      clearInterval(timer);
      await replica.end();
    },
  };
}

async function markOf(primary: Pool): Promise<{ lsn: string; at: number }> {
  const at = performance.now();
  const { rows: [row] } = await primary.query<{ lsn: string }>({
    name: "product.primary_at",
    text: "select pg_current_wal_insert_lsn()::text as lsn",
  });
  if (!row) throw new Error("Cannot follow the primary as it does not say where it is.");
  return { lsn: row.lsn, at };
}
