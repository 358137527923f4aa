import { createHash } from "node:crypto";
import type { Log } from "./log.ts";
import { type Pool, transaction, type Tx } from "./postgres.ts";

/** When the audit log is sealed: every minute. */
export const SEAL_CRONTAB = "* * * * * seal_audit";

/** No transaction of a service lives so long: an unsealed row that is older was not written by its trigger. */
export const LATE = "5 minutes";

/** What the first seal has for the hash of the one before. */
export const NO_HASH = "0".repeat(64);

const BATCH = 500;
/** So many batches a run: 10,000 rows a minute; what is left the next run takes. */
const BATCHES = 20;

/** The digest of an audit row `a`, of everything in it. Both the job and the verifier read it by this text. */
export const DIGEST = `encode(sha256(convert_to(jsonb_build_array(a.id,
  to_char(a.time at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS'), a.actor, a.request_id, a.network, a.table_name,
  a.row_id, a.action, a.before, a.after, a.store_id)::text, 'UTF8')), 'hex')`;

/** A seal: the rows that it adds to the chain, and the hash of all that. Hashes are in hex. */
export interface Seal {
  seq: number;
  seal_time: Date;
  complete: boolean;
  entry_ids: number[];
  entry_hashes: string[];
  prev_hash: string;
}

/** The hash of a seal, and so of every one before it. */
export function sealHash({ seq, seal_time, complete, entry_ids, entry_hashes, prev_hash }: Seal): string {
  const lines = [
    seq,
    seal_time.toISOString(),
    complete,
    prev_hash,
    ...entry_ids.map((id, i) => `${id} ${entry_hashes[i]}`),
  ];
  return createHash("sha256").update(lines.join("\n")).digest("hex");
}

/**
 * The job that seals what was written to the audit log: rows in the order in which they are found, as a transaction with
 * a lower id may commit after one with a higher. The head goes into the log, and so to wherever logs are kept.
 */
export function sealAudit(pool: Pool, log: Log): () => Promise<void> {
  return async () => {
    for (let batch = 0; batch < BATCHES; batch++) {
      const head = await transaction(pool, sealBatch);
      if (!head) return;
      log.info({ audit: head }, `the audit log is sealed to ${head.seq}`);
      if (head.complete) return;
    }
  };
}

/** Adds one seal; undefined where there is nothing to seal, or another process is at it. */
async function sealBatch(tx: Tx): Promise<{ seq: number; hash: string; complete: boolean } | undefined> {
  const { rows: [lock] } = await tx.query<{ locked: boolean }>({
    name: "audit.lock_seals",
    text: "select pg_try_advisory_xact_lock(hashtextextended(current_schema() || '.audit_seals', 0)) as locked",
  });
  if (!lock?.locked) return undefined;
  const { rows: entries } = await tx.query<{ id: number; digest: string }>({
    name: "audit.unsealed",
    text: `with last as (
             select coalesce((select max(seal_time) from audit_seals where complete), '-infinity') - interval '${LATE}' as since
           ), sealed as (
             select unnest(entry_ids) as id from audit_seals, last where seal_time > last.since
           )
           select a.id, ${DIGEST} as digest from audit_log a, last
           where a.time >= last.since and not exists (select from sealed where sealed.id = a.id)
           order by a.time, a.id limit ${BATCH + 1}`,
  });
  if (entries.length === 0) return undefined;
  const { rows: [head] } = await tx.query<{ seq: number; hash: string; now: Date }>({
    name: "audit.head",
    text: `select coalesce(s.seq, 0) as seq, coalesce(encode(s.hash, 'hex'), '${NO_HASH}') as hash,
             now()::timestamptz(3) as now
           from (values (1)) one left join (select seq, hash from audit_seals order by seq desc limit 1) s on true`,
  });
  if (!head) throw new Error("Cannot seal as the statement must answer.");
  const taken = entries.slice(0, BATCH);
  const seal: Seal = {
    seq: head.seq + 1,
    seal_time: head.now,
    complete: entries.length === taken.length,
    entry_ids: taken.map(({ id }) => id),
    entry_hashes: taken.map(({ digest }) => digest),
    prev_hash: head.hash,
  };
  const hash = sealHash(seal);
  await tx.query({
    name: "audit.seal",
    text: `insert into audit_seals (seq, seal_time, complete, entry_ids, entry_hashes, prev_hash, hash)
           select $1, $2, $3, $4, (select array_agg(decode(h, 'hex') order by n) from unnest($5::text[]) with ordinality e (h, n)),
             decode($6, 'hex'), decode($7, 'hex')`,
    values: [
      seal.seq,
      seal.seal_time,
      seal.complete,
      seal.entry_ids,
      seal.entry_hashes,
      seal.prev_hash,
      hash,
    ],
  });
  return { seq: seal.seq, hash, complete: seal.complete };
}
