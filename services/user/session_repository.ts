import type { Session } from "../../proto/gen/nano/user/v1/user.ts";
import { type Pool, type Sql, transaction, type Tx } from "../shared/postgres.ts";
import { deleteInBatches } from "../shared/reap.ts";
import type { ClientFacts } from "./client_facts.ts";
import { REUSE_SECONDS, type ShownToken, type Verdict } from "./refresh.ts";
import { STEP_UP_MINUTES } from "./totp.ts";
import { toUser, USER, type UserRow } from "./rows.ts";
import type { User } from "./user.ts";

/** How long a session lives without a refresh, and at most. */
const SLIDING = "interval '14 days'";
const ABSOLUTE = "interval '60 days'";

export interface NewSession {
  session_id: string;
  refresh_hash: string;
  client: ClientFacts;
}

/** The tables of sessions and refresh tokens. */
export function createSessionRepository(pool: Pool) {
  return {
    /** Opens a session if the password is still the one that was checked. Also notes the store where the user buys. */
    openSession: (
      session: NewSession & { user_id: string; password_hash: string },
      store_id: string | undefined,
    ): Promise<boolean> => openSession(pool, session, store_id),

    /** The session, if it lives, and whose it is. */
    findSession: async (id: string): Promise<Session | undefined> => {
      const { rows: [session] } = await pool.query<Session>({
        name: "session.find",
        // To a minute, and never waiting for another who does the same.
        text: `with touched as (
                 update sessions set last_used_time = now() where id = (
                   select id from sessions where id = $1 and end_time is null
                     and last_used_time < now() - interval '1 minute' for no key update skip locked)
               )
               select s.id, s.user_id, u.role, u.email,
                 coalesce((select json_agg(json_build_object('store_id', r.store_id, 'role', r.role) order by r.store_id)
                           from store_roles r where r.user_id = u.id), '[]') as store_roles,
                 array(select c.store_id::text from store_customers c where c.user_id = u.id) as customer_of,
                 exists (select from totp t where t.id = u.id and t.confirm_time is not null) as totp,
                 rules.require_totp as totp_required, rules.step_up_refund_amount,
                 coalesce(extract(epoch from s.confirm_time + interval '${STEP_UP_MINUTES} minutes') * 1000, 0)::bigint as confirmed_until
               from sessions s join users u on u.id = s.user_id cross join security_settings rules
               where s.id = $1 and s.end_time is null and s.expire_time > now()`,
        values: [id],
      });
      return session;
    },

    /** Ends a session. Once is enough. */
    endSession: async (id: string): Promise<void> => {
      await pool.query({
        name: "session.end",
        text: "update sessions set end_time = now(), end_reason = 'logout' where id = $1 and end_time is null",
        values: [id],
      });
    },

    /**
     * Spends a refresh token for another, as `judge` decides, or ends its session. The session's row is locked first:
     * of many at once, each sees what the one before did.
     */
    spendToken: (
      hash: string,
      next_hash: string,
      client: ClientFacts,
      judge: (token: ShownToken | undefined) => Verdict,
    ) =>
      transaction(pool, async (tx): Promise<{ verdict: Verdict; user?: User; session_id?: string }> => {
        const { rows: [session] } = await tx.query<{ id: string; user_id: string }>({
          name: "session.lock",
          text:
            `select id, user_id from sessions where id = (select session_id from refresh_tokens where hash = $1) for no key update`,
          values: [hash],
        });
        const verdict = judge(session && await readToken(tx, hash));
        if (!session || verdict === "invalid") return { verdict };
        if (verdict === "reused") {
          await tx.query({
            name: "session.end_reused",
            text:
              "update sessions set end_time = now(), end_reason = 'token_reused' where id = $1 and end_time is null",
            values: [session.id],
          });
          return { verdict, session_id: session.id };
        }
        const { rows: [user] } = await tx.query<UserRow>({
          name: "session.renew",
          text: `with renewed as (
                   update sessions set expire_time = least(now() + ${SLIDING}, last_expire_time), last_used_time = now(),
                     network = coalesce($5, network), user_agent = coalesce($6, user_agent)
                   where id = $1 returning id, expire_time
                 ), spent as (
                   update refresh_tokens set spent_time = coalesce(spent_time, clock_timestamp()) where hash = $2
                 ), next as (
                   insert into refresh_tokens (hash, session_id, parent_hash, expire_time) select $3, id, $2, expire_time from renewed
                 )
                 select ${USER} from users u where u.id = $4`,
          values: [session.id, hash, next_hash, session.user_id, client.network, client.user_agent],
        });
        return user ? { verdict, user: toUser(user), session_id: session.id } : { verdict: "invalid" };
      }),

    /** Deletes sessions that ended or expired a day ago, and refresh tokens that have expired. */
    reap: async (): Promise<void> => {
      const ended = "expire_time < now() - interval '1 day' or end_time < now() - interval '1 day'";
      await deleteInBatches(pool, "sessions", ended);
      await deleteInBatches(pool, "refresh_tokens", "expire_time < now()");
    },
  };
}

/** One statement; never for who is being erased. `for share` waits for a change of the password under way, and one after it finds this session. */
export async function openSession(
  sql: Sql,
  session: NewSession & { user_id: string; password_hash: string },
  store_id: string | undefined,
): Promise<boolean> {
  const { rowCount } = await sql.query({
    name: "session.open",
    text: `with owner as (
             select id from users u where id = $1 and password_hash = $2
               and not exists (select from erasures e where e.id = u.id) for share
           ), opened as (
             insert into sessions (id, user_id, expire_time, last_expire_time, network, user_agent)
             select $3, id, now() + ${SLIDING}, now() + ${ABSOLUTE}, $6, $7 from owner returning id, expire_time
           ), token as (
             insert into refresh_tokens (hash, session_id, expire_time) select $4, id, expire_time from opened
           ), linked as (
             insert into store_customers (user_id, store_id) select id, $5 from owner where $5::uuid is not null on conflict do nothing
           )
           select from opened`,
    values: [
      session.user_id,
      session.password_hash,
      session.session_id,
      session.refresh_hash,
      store_id ?? null,
      session.client.network,
      session.client.user_agent,
    ],
  });
  return rowCount === 1;
}

async function readToken(tx: Tx, hash: string): Promise<ShownToken | undefined> {
  const { rows: [token] } = await tx.query<ShownToken>({
    name: "refresh_token.read",
    text: `select s.end_time is null and s.expire_time > now() as session_alive,
             t.expire_time <= now() as expired,
             t.spent_time is not null as spent,
             coalesce(t.spent_time > clock_timestamp() - interval '${REUSE_SECONDS} seconds', false) as just_spent,
             exists (select from refresh_tokens n where n.parent_hash = t.hash and n.spent_time is not null) as successor_used
           from refresh_tokens t join sessions s on s.id = t.session_id where t.hash = $1`,
    values: [hash],
  });
  return token;
}

/** Ends a user's sessions but the spared one, and gives their ids. */
export async function endSessions(
  tx: Tx,
  user_id: string,
  reason: "password" | "role" | "ended" | "staff",
  spare?: string,
): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>({
    name: "session.end_all",
    text: `update sessions set end_time = now(), end_reason = $2
           where user_id = $1 and end_time is null and id is distinct from $3 returning id`,
    values: [user_id, reason, spare ?? null],
  });
  return rows.map((row) => row.id);
}
