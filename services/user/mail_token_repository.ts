import { newId } from "../shared/ids.ts";
import { addJob } from "../shared/jobs.ts";
import type { Pool, Sql, Tx } from "../shared/postgres.ts";
import { deleteInBatches } from "../shared/reap.ts";
import { LIFE, MAX_MAILS_PER_HOUR, type Purpose } from "./mail_token.ts";

/** What a mail is about, as the job that sends it needs it. */
export interface MailFacts {
  purpose: Purpose;
  email: string;
  store_id: string | null;
  role: "support" | "manager" | null;
  /** Who invites, by name or e-mail address. */
  inviter: string | null;
  /** Whether the account is one of a store's staff, or an admin's. */
  staff: boolean;
}

/** A token that is to be made: for an account, or an invitation. */
export interface NewMailToken {
  purpose: Purpose;
  /** Whose; unset for an invitation. */
  user_id?: string;
  /** Who is invited. */
  email?: string;
  store_id?: string | undefined;
  role?: string;
  inviter_id?: string;
}

/** The table of what links in mails may do once. */
export function createMailTokenRepository(pool: Pool) {
  return {
    /** Stores the hash of the token that a mail is about to bring, and gives what the mail is about while it is due. */
    armMailToken: async (id: string, hash: string): Promise<MailFacts | undefined> => {
      const { rows: [facts] } = await pool.query<MailFacts>({
        name: "mail_token.arm",
        text: `with armed as (
                 update mail_tokens set hash = $2 where id = $1 and end_time is null and expire_time > now() returning *
               )
               select t.purpose, coalesce(t.email, u.email) as email, t.store_id, t.role,
                 coalesce(i.name, i.email) as inviter,
                 coalesce(u.role = 'admin' or exists (select from store_roles r where r.user_id = u.id), false) as staff
               from armed t
               left join users u on u.id = t.user_id or (t.user_id is null and lower(u.email) = t.email)
               left join users i on i.id = t.inviter_id`,
        values: [id, hash],
      });
      return facts;
    },

    /** Notes that a mail was handed over. */
    noteSent: async (id: string): Promise<void> => {
      await pool.query({
        name: "mail_token.sent",
        text: "update mail_tokens set send_time = now() where id = $1",
        values: [id],
      });
    },

    /** Deletes tokens that ended or expired a day ago. */
    reapMailTokens: async (): Promise<void> => {
      const ended = "expire_time < now() - interval '1 day' or end_time < now() - interval '1 day'";
      await deleteInBatches(pool, "mail_tokens", ended);
    },
  };
}

/**
 * Makes a token in the transaction of what asks for it, and the job that mails it. It ends the older ones of its kind.
 * Gives its id; undefined where that person was sent as many in the last hour as anybody is.
 */
export async function insertMailToken(tx: Tx, token: NewMailToken): Promise<string | undefined> {
  const { purpose, user_id, email, store_id, role, inviter_id } = token;
  const person = user_id ?? email ?? "";
  // One at a time for each person, so that many at once count right and leave one alive.
  await tx.query({
    name: "mail_token.lock",
    text: "select pg_advisory_xact_lock(hashtextextended('mail ' || $1, 0))",
    values: [person],
  });
  const { rows: [made] } = await tx.query<{ id: string }>({
    name: "mail_token.insert",
    text: `with allowed as (
             select where (select count(*) from mail_tokens
                           where purpose = $2 and (user_id = $3 or email = $4)
                             and create_time > now() - interval '1 hour') < ${MAX_MAILS_PER_HOUR}
           ), replaced as (
             update mail_tokens set end_time = now(), end_reason = 'replaced'
             where purpose = $2 and (user_id = $3 or (email = $4 and store_id = $5)) and end_time is null
               and exists (select from allowed)
           )
           insert into mail_tokens (id, purpose, user_id, email, store_id, role, inviter_id, expire_time)
           select $1, $2, $3, $4, $5, $6, $7, now() + $8::interval from allowed returning id`,
    values: [
      newId(),
      purpose,
      user_id ?? null,
      email ?? null,
      store_id ?? null,
      role ?? null,
      inviter_id ?? null,
      LIFE[purpose],
    ],
  });
  // The payload says neither whom nor what: the job reads that when it sends.
  if (made) await addJob(tx, "user", "send_mail", { id: made.id });
  return made?.id;
}

/** Spends a token: of many at once, one gets it. */
export async function spendMailToken<Row extends Record<string, unknown>>(
  tx: Tx,
  purpose: Purpose,
  hash: string,
): Promise<Row | undefined> {
  const { rows: [row] } = await tx.query<Row>({
    name: "mail_token.spend",
    text: `update mail_tokens set end_time = now(), end_reason = 'used'
           where hash = $1 and purpose = $2 and end_time is null and expire_time > now() returning *`,
    values: [hash, purpose],
  });
  return row;
}

/** Ends the links of an account that were sent for what no longer is: another password, another e-mail address. */
export async function endMailTokens(sql: Sql, user_id: string, purposes: Purpose[]): Promise<void> {
  await sql.query({
    name: "mail_token.end",
    text: `update mail_tokens set end_time = now(), end_reason = 'replaced'
           where user_id = $1 and purpose = any($2) and end_time is null`,
    values: [user_id, purposes],
  });
}
