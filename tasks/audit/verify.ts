import type pg from "pg";
import { DIGEST, LATE, NO_HASH, type Seal, sealHash } from "../../services/shared/audit_seals.ts";

/** A head that was noted before: this seal must still have this hash. */
export interface Head {
  readonly seq: number;
  readonly hash: string;
}

/** What a walk along a chain found. */
export interface Verdict {
  /** Sealed rows that were compared. */
  readonly rows: number;
  readonly seals: number;
  /** Rows that wait for the next seal. */
  readonly unsealed: number;
  readonly head: Head;
  /** The first break, in words. */
  readonly fault?: string;
}

type StoredSeal = Seal & { hash: string };

/** How many seals are read at a time. */
const PAGE = 50;

/** Walks the chain of a schema from its first seal and compares each row with its digest. Stops at the first break. */
export async function verifyChain(client: pg.Client, schema: string, noted?: Head): Promise<Verdict> {
  await client.query(`set search_path = "${schema}", public`);
  try {
    return await walk(client, noted);
  } finally {
    await client.query("reset search_path");
  }
}

async function walk(client: pg.Client, noted: Head | undefined): Promise<Verdict> {
  let head: Head = { seq: 0, hash: NO_HASH };
  let [rows, seals, complete] = [0, 0, undefined as Date | undefined];
  const so = (fault: string): Verdict => ({ rows, seals, unsealed: 0, head, fault });
  for (;;) {
    const page = await readSeals(client, head.seq);
    if (page.length === 0) break;
    for (const seal of page) {
      if (seal.seq !== head.seq + 1) return so(`seal ${head.seq + 1} was removed`);
      if (seal.prev_hash !== head.hash || sealHash(seal) !== seal.hash) return so(`seal ${seal.seq} was changed`);
      if (noted?.seq === seal.seq && noted.hash !== seal.hash) {
        return so(`seal ${seal.seq} is not the one that was noted`);
      }
      const fault = await compare(client, seal, complete);
      if (fault) return so(fault);
      head = { seq: seal.seq, hash: seal.hash };
      if (seal.complete) complete = seal.seal_time;
      rows += seal.entry_ids.length;
      seals++;
    }
  }
  if (noted && noted.seq > head.seq) return so(`seal ${noted.seq}, which was noted, was removed`);
  const { late, unsealed } = await readUnsealed(client, complete);
  if (late !== undefined) return so(`row ${late} was inserted: it is older than what is sealed, and is not`);
  return { rows, seals, unsealed, head };
}

/** Compares a seal's rows with what it says of them; tells the first that differs. */
async function compare(client: pg.Client, seal: StoredSeal, complete: Date | undefined): Promise<string | undefined> {
  const { rows } = await client.query<{ id: number; digest: string; late: boolean }>(
    `select a.id, ${DIGEST} as digest, coalesce(a.time < $2::timestamptz - interval '${LATE}', false) as late
     from audit_log a where a.id = any($1)`,
    [seal.entry_ids, complete ?? null],
  );
  const found = new Map(rows.map((row) => [Number(row.id), row]));
  for (const [index, id] of seal.entry_ids.entries()) {
    const row = found.get(id);
    if (!row) return `row ${id} was removed (seal ${seal.seq})`;
    if (row.digest !== seal.entry_hashes[index]) return `row ${id} was changed (seal ${seal.seq})`;
    if (row.late) return `row ${id} was inserted: it is older than the seal before its own (seal ${seal.seq})`;
  }
  return undefined;
}

async function readSeals(client: pg.Client, after: number): Promise<StoredSeal[]> {
  const { rows } = await client.query<StoredSeal>(
    `select seq, seal_time, complete, entry_ids, array(select encode(h, 'hex') from unnest(entry_hashes) h) as entry_hashes,
       encode(prev_hash, 'hex') as prev_hash, encode(hash, 'hex') as hash
     from audit_seals where seq > $1 order by seq limit ${PAGE}`,
    [after],
  );
  return rows.map((row) => ({ ...row, seq: Number(row.seq), entry_ids: row.entry_ids.map(Number) }));
}

/** The oldest row that no seal has though it should, and how many wait. */
async function readUnsealed(client: pg.Client, complete: Date | undefined) {
  const { rows: [row] } = await client.query<{ late: string | null; unsealed: string }>(
    `select min(a.id) filter (where a.time < $1::timestamptz - interval '${LATE}') as late, count(*) as unsealed
     from audit_log a where not exists (
       select from (select unnest(entry_ids) as id from audit_seals) sealed where sealed.id = a.id)`,
    [complete ?? null],
  );
  return { late: row?.late ?? undefined, unsealed: Number(row?.unsealed ?? 0) };
}
