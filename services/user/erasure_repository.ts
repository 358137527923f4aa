import type { Erasure } from "../../proto/gen/nano/user/v1/user.ts";
import { newId } from "../shared/ids.ts";
import { addJob, emitEvent } from "../shared/jobs.ts";
import { eraseJobs } from "../shared/person.ts";
import { type Pool, transaction, type Tx } from "../shared/postgres.ts";
import { endMailTokens } from "./mail_token_repository.ts";
import { endSessions } from "./session_repository.ts";
import { lastAdmin, noUser } from "./user.ts";

/** How many rows of a kind that grows without end an export tells of, the newest first: it must fit into one answer. */
const MAX_MENTIONS = 1_000;

const ERASURE = "id, state, create_time, done_time";

type ErasureRow = Omit<Erasure, "done_time"> & { done_time: Date | null };

/** Who is to be erased, as the job needs it. */
export interface Erasing {
  id: string;
  email: string;
  /** Whether the e-mail address is known to be the person's. */
  email_proven: boolean;
}

/** The tables of exports and erasures, and the statements on all that is held of one user. */
export function createErasureRepository(pool: Pool) {
  return {
    /**
     * Marks a user as being erased, with the job that does it: nobody signs in any more, whoever is signed in is out.
     * Again it changes nothing. Throws `user_not_found`, `last_admin`.
     */
    beginErasure: (id: string, email_proven: boolean, useless_hash: string) =>
      transaction(pool, async (tx): Promise<{ erasure: Erasure; dead_session_ids: string[] }> => {
        await keepAnotherAdmin(tx, id);
        const { rowCount } = await tx.query({
          name: "erasure.lock_out",
          text: "update users set password_hash = $2, update_time = now() where id = $1",
          values: [id, useless_hash],
        });
        if (!rowCount) throw noUser();
        await tx.query({
          name: "erasure.insert",
          text: "insert into erasures (id, email_proven) values ($1, $2) on conflict do nothing",
          values: [id, email_proven],
        });
        await endMailTokens(tx, id, ["reset", "verify"]);
        const dead_session_ids = await endSessions(tx, id, "ended");
        await addJob(tx, "user", "erase_user", { id }, { key: `erase_user:${id}` });
        const { rows: [row] } = await tx.query<ErasureRow>({
          name: "erasure.find",
          text: `select ${ERASURE} from erasures where id = $1`,
          values: [id],
        });
        if (!row) throw new Error("Cannot erase as the statement must answer.");
        return { erasure: toErasure(row), dead_session_ids };
      }),

    findErasure: async (id: string): Promise<Erasure | undefined> => {
      const { rows: [row] } = await pool.query<ErasureRow>({
        name: "erasure.find",
        text: `select ${ERASURE} from erasures where id = $1`,
        values: [id],
      });
      return row && toErasure(row);
    },

    /** Whom a job is to erase; undefined once that is done. */
    findErasing: async (id: string): Promise<Erasing | undefined> => {
      const { rows: [row] } = await pool.query<Erasing>({
        name: "erasure.erasing",
        text: `select u.id, u.email, e.email_proven from erasures e join users u using (id)
               where e.id = $1 and e.state = 'erasing'`,
        values: [id],
      });
      return row;
    },

    /** Takes the user out of the events that have not left yet. */
    eraseUserJobs: (id: string): Promise<void> => transaction(pool, (tx) => eraseJobs(tx, "user", [id])),

    /** Deletes the user with all that hangs on it, and tells the stores that knew the customer to do the same. */
    finishErasure: ({ id, email }: Erasing): Promise<void> =>
      transaction(pool, async (tx) => {
        await eraseJobs(tx, "user", [id]);
        const { rows } = await tx.query<{ store_id: string }>({
          name: "erasure.stores",
          text: "select store_id from store_customers where user_id = $1 order by store_id",
          values: [id],
        });
        await tx.query({
          name: "erasure.delete_links",
          text: "delete from mail_tokens where user_id = $1 or email = $2",
          values: [id, email],
        });
        // Who asked for a link and waits for the mail: the address is in the job.
        await tx.query({
          name: "erasure.delete_requests",
          text: `delete from user_jobs._private_jobs where payload ->> 'email' = $1 and locked_at is null`,
          values: [email],
        });
        await tx.query({ name: "erasure.delete_user", text: "delete from users where id = $1", values: [id] });
        await tx.query({
          name: "erasure.done",
          text: "update erasures set state = 'erased', done_time = now() where id = $1 and state = 'erasing'",
          values: [id],
        });
        for (const { store_id } of rows) await emitEvent(tx, "user", "customer.erased", store_id, { id });
      }),

    /** Notes for the audit log what is handed out. */
    insertExport: (kind: string, user_id: string | undefined, filter_json: string): Promise<void> =>
      transaction(pool, async (tx) => {
        await tx.query({
          name: "export.insert",
          text: "insert into exports (id, kind, user_id, filter) values ($1, $2, $3, $4)",
          values: [newId(), kind, user_id ?? null, filter_json],
        });
      }),

    /** The user's id as it is kept, the e-mail address, and whether a link sent to it was followed. */
    findEmail: async (id: string): Promise<{ id: string; email: string; verified: boolean } | undefined> => {
      const { rows: [row] } = await pool.query<{ id: string; email: string; verified: boolean }>({
        name: "user.email_proof",
        text: "select id, email, email_verified_time is not null as verified from users where id = $1",
        values: [id],
      });
      return row;
    },

    /** All that is held of a user here, but for secrets, and from where others changed it. */
    exportPerson: async (id: string): Promise<Record<string, unknown> | undefined> => {
      const { rows: [row] } = await pool.query<Record<string, unknown>>({
        name: "user.export_person",
        text: `select to_jsonb(u) - '{password_hash,search}'::text[] as account,
                 coalesce((select jsonb_agg(to_jsonb(a) - 'user_id' order by a.id) from addresses a where a.user_id = u.id), '[]')
                   as addresses,
                 coalesce((select jsonb_agg(to_jsonb(s) - 'user_id') from (
                   select * from sessions where user_id = u.id order by id desc limit ${MAX_MENTIONS}) s), '[]')
                   as sessions,
                 coalesce((select jsonb_agg(to_jsonb(r) - 'user_id') from store_roles r where r.user_id = u.id), '[]')
                   as store_roles,
                 coalesce((select jsonb_agg(to_jsonb(c) - 'user_id') from store_customers c where c.user_id = u.id), '[]')
                   as customer_of,
                 (select jsonb_build_object('confirm_time', t.confirm_time) from totp t where t.id = u.id) as second_factor,
                 coalesce((select jsonb_agg(jsonb_build_object('name', k.name, 'store_id', k.store_id,
                   'create_time', k.create_time)) from api_keys k where k.creator_id = u.id), '[]') as api_keys_made,
                 coalesce((select jsonb_agg(jsonb_build_object('purpose', m.purpose, 'store_id', m.store_id,
                   'create_time', m.create_time, 'expire_time', m.expire_time)) from mail_tokens m
                   where m.user_id = u.id or m.email = u.email), '[]') as mailed_links,
                 coalesce((select jsonb_agg(to_jsonb(x) - 'filter') from (
                   select * from exports where user_id = u.id order by id desc limit ${MAX_MENTIONS}) x), '[]')
                   as exports,
                 coalesce((select jsonb_agg(to_jsonb(l)) from (
                   select time, action, table_name, row_id, case when actor = 'user:' || u.id then network else '' end as network
                   from audit_log where actor = 'user:' || u.id or (table_name in ('users', 'totp') and row_id = u.id::text)
                   order by time desc, audit_log.id desc limit ${MAX_MENTIONS}) l), '[]') as audit
               from users u where u.id = $1`,
        values: [id],
      });
      return row;
    },
  };
}

function toErasure({ done_time, ...row }: ErasureRow): Erasure {
  return { ...row, done_time: done_time ?? undefined };
}

/** Refuses to take the last admin away. All admins are locked, so that two who go at once don't leave none. */
export async function keepAnotherAdmin(tx: Tx, id: string): Promise<void> {
  await tx.query({
    name: "user.lock_admins",
    text: "select from users where role = 'admin' order by id for no key update",
  });
  // Not in one statement: what waited for a lock would not see the erasure that it waited for.
  const { rows: [admins] } = await tx.query<{ own: boolean; other: boolean }>({
    name: "user.other_admins",
    text: `select exists (select from users where id = $1 and role = 'admin') as own,
             exists (select from users u where u.id <> $1 and u.role = 'admin'
               and not exists (select from erasures e where e.id = u.id)) as other`,
    values: [id],
  });
  if (admins?.own && !admins.other) throw lastAdmin();
}
