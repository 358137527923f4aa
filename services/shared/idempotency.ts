import { withOwnTime } from "./context.ts";
import type { Actor } from "../../proto/gen/nano/common/v1/common.ts";
import { type ErrorExtras, type ErrorKind, NanoError, toNanoError } from "./errors.ts";
import type { Sql } from "./postgres.ts";
import { deleteInBatches } from "./reap.ts";

/** A client's idempotency key, whose it is, and the resource that the request makes. */
export interface KeyedRequest {
  store_id: string;
  principal: string;
  key: string;
  /** The SHA-256 of method, route and canonical body. */
  fingerprint: string;
  resource_id: string;
}

/** What a final request ended with: the encoded answer, or a business refusal. */
export type Outcome = { answer: Uint8Array } | { error: NanoError };

/**
 * What a claim finds: the key is ours now; or it is done, with its outcome; or a request died over it: then the lease
 * is ours, and its resource is to be resumed from its own state.
 */
export type Claim = { state: "claimed" } | { state: "done"; outcome: Outcome; resource_id: string } | {
  state: "abandoned";
  resource_id: string;
};

/** What is known of a key that was claimed before. */
export type KnownKey = Exclude<Claim, { state: "claimed" }>;

/** The checkout deadline (10 s) and 2 s: so long a request may work under its key. */
const LEASE = "12 seconds";

/**
 * The claim as it begins, for a statement that claims a key together with what is made under it: it goes on with what the
 * claim depends on, if anything, and `on conflict do nothing`. The statement's first values are `claimValues`.
 */
export const CLAIM_KEY =
  `insert into idempotency_keys (store_id, principal, key, fingerprint, resource_id, locked_until)
  select $1::uuid, $2, $3, $4, $5::uuid, now() + interval '${LEASE}'`;

/** The first values of such a statement. */
export function claimValues({ store_id, principal, key, fingerprint, resource_id }: KeyedRequest): string[] {
  return [store_id, principal, key, fingerprint, resource_id];
}

/** Stores an outcome, for a statement that does so together with its change: the SQL of the key's resource and of both. */
export function finishing(resource_id: string, answer: string, error: string): string {
  return `update idempotency_keys set state = 'done', answer = ${answer}, error = ${error}, done_time = now(),
            locked_until = null
          where resource_id = ${resource_id} and state = 'in_progress'`;
}

interface KeyRow {
  fingerprint: string;
  state: "in_progress" | "done";
  answer: Uint8Array | null;
  error: { kind: ErrorKind; code: string; detail: string; extras: ErrorExtras } | null;
  resource_id: string;
  leased: boolean;
}

/** Who a key belongs to: an API key, a user or a guest. */
export function principalOf(actor: Actor): string {
  if (actor.api_key) return `api_key:${actor.api_key.id}`;
  return actor.user_id ? `user:${actor.user_id}` : actor.guest_hash ? `guest:${actor.guest_hash}` : actor.kind;
}

/**
 * Claims a key by one insert in the caller's transaction. Throws `idempotency_key_reused` (422) for another request
 * under the key, `request_in_progress` (409, Retry-After 1) while the first one works.
 */
export async function claimKey(sql: Sql, request: KeyedRequest): Promise<Claim> {
  const { rowCount } = await sql.query({
    name: "idempotency.claim",
    text: `${CLAIM_KEY} on conflict do nothing`,
    values: claimValues(request),
  });
  if (rowCount) return { state: "claimed" };
  const known = await findKey(sql, request);
  if (!known) throw requestInProgress();
  return known;
}

/** Keeps a refusal under a key that is new: false where it is known already. */
export async function keepRefusal(sql: Sql, request: KeyedRequest, refusal: NanoError): Promise<boolean> {
  const { rowCount } = await sql.query({
    name: "idempotency.keep_refusal",
    text: `insert into idempotency_keys (store_id, principal, key, fingerprint, resource_id, state, error, done_time)
           values ($1, $2, $3, $4, $5, 'done', $6, now()) on conflict do nothing`,
    values: [...claimValues(request), kept(refusal)],
  });
  return rowCount === 1;
}

/**
 * What became of a key, undefined where it is new; the lease of one whose request died is ours then. Throws like
 * `claimKey`.
 */
export async function findKey(sql: Sql, request: KeyedRequest): Promise<KnownKey | undefined> {
  const { store_id, principal, key, fingerprint } = request;
  const { rows: [row] } = await sql.query<KeyRow>({
    name: "idempotency.read",
    text: `select fingerprint, state, answer, error, resource_id, locked_until > now() as leased
           from idempotency_keys where store_id = $1 and principal = $2 and key = $3`,
    values: [store_id, principal, key],
  });
  if (!row) return undefined;
  if (row.fingerprint !== fingerprint) {
    throw new NanoError(
      "unprocessable",
      "idempotency_key_reused",
      "This Idempotency-Key was used for another request.",
    );
  }
  if (row.state === "done") return { state: "done", outcome: outcomeOf(row), resource_id: row.resource_id };
  if (row.leased || !await renewLease(sql, row.resource_id)) throw requestInProgress();
  return { state: "abandoned", resource_id: row.resource_id };
}

/**
 * Takes over the key of a request that died, for whoever resumes its resource: true if it is ours for another lease,
 * false if the request is final or forgotten. Throws `request_in_progress` while somebody works on it.
 */
export async function takeOverKey(sql: Sql, resource_id: string): Promise<boolean> {
  if (await renewLease(sql, resource_id)) return true;
  const { rowCount } = await sql.query({
    name: "idempotency.in_progress",
    text: "select from idempotency_keys where resource_id = $1 and state = 'in_progress'",
    values: [resource_id],
  });
  if (rowCount) throw requestInProgress();
  return false;
}

/** Gives up the lease before its end, so that the next one to come may resume the request at once. */
export async function yieldKey(sql: Sql, resource_id: string): Promise<void> {
  await sql.query({
    name: "idempotency.yield",
    text: "update idempotency_keys set locked_until = now() where resource_id = $1 and state = 'in_progress'",
    values: [resource_id],
  });
}

const RESUMABLE = new Set<ErrorKind>(["internal", "unavailable", "timeout", "too_many"]);
const YIELD_MS = 2_000;

/** Whether an error says nothing of the request: it may be sent again, and its resource tells what was done. */
export function isResumable({ kind }: NanoError): boolean {
  return RESUMABLE.has(kind);
}

/**
 * Does the work of a request whose key is claimed. Where it fails for now, `yieldLease` gives up the lease, so that the
 * same key may resume it at once. A process that dies does not get here: its lease ends by itself.
 */
export async function orYield<T>(yieldLease: () => Promise<unknown>, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isResumable(toNanoError(error))) await withOwnTime(YIELD_MS, yieldLease).catch(() => {});
    throw error;
  }
}

async function renewLease(sql: Sql, resource_id: string): Promise<boolean> {
  const { rowCount } = await sql.query({
    name: "idempotency.renew",
    text: `update idempotency_keys set locked_until = now() + interval '${LEASE}'
           where resource_id = $1 and state = 'in_progress' and locked_until <= now()`,
    values: [resource_id],
  });
  return rowCount === 1;
}

/** Stores the final outcome of a request; only the first one counts. */
export async function finishKey(sql: Sql, resource_id: string, outcome: Outcome): Promise<void> {
  await sql.query({
    name: "idempotency.finish",
    text: finishing("$1", "$2", "$3"),
    values: [resource_id, ...outcomeValues(outcome)],
  });
}

/** An outcome as the values of `answer` and `error`. */
export function outcomeValues(outcome: Outcome): [Uint8Array | null, string | null] {
  return "error" in outcome ? [null, kept(outcome.error)] : [outcome.answer, null];
}

function kept({ kind, code, message, extras }: NanoError): string {
  return JSON.stringify({ kind, code, detail: message, extras });
}

/** Forgets a key whose request came to nothing that is kept (a 5xx before anything was done), so that it can be sent again. */
export async function dropKey(sql: Sql, resource_id: string): Promise<void> {
  await sql.query({
    name: "idempotency.drop",
    text: "delete from idempotency_keys where resource_id = $1 and state = 'in_progress'",
    values: [resource_id],
  });
}

/** Deletes keys whose requests were final 24 h ago. */
export async function reapKeys(sql: Sql): Promise<void> {
  await deleteInBatches(sql, "idempotency_keys", "state = 'done' and done_time < now() - interval '24 hours'");
}

function outcomeOf(row: KeyRow): Outcome {
  if (row.error) {
    const { kind, code, detail, extras } = row.error;
    return { error: new NanoError(kind, code, detail, { ...extras, replayed: true }) };
  }
  return { answer: row.answer ?? new Uint8Array() };
}

/** The refusal of a request whose key another one works under. */
export function requestInProgress(): NanoError {
  return new NanoError("conflict", "request_in_progress", "A request with this Idempotency-Key is under way.", {
    retry_after: 1,
  });
}
