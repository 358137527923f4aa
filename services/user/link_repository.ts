import { addJob } from "../shared/jobs.ts";
import { type Pool, transaction } from "../shared/postgres.ts";
import { endMailTokens, insertMailToken, spendMailToken } from "./mail_token_repository.ts";
import { endSessions } from "./session_repository.ts";

interface OfUser extends Record<string, unknown> {
  user_id: string;
}

/** What links in mails do to accounts: a new password, a proven e-mail address. */
export function createLinkRepository(pool: Pool) {
  return {
    /** Notes that somebody forgot a password. Whether there is such an account is seen by the job, not by who asks. */
    askForReset: (email: string, email_hash: string, store_id: string): Promise<void> =>
      addJob(pool, "user", "request_reset", { email, store_id }, { key: `reset:${email_hash}` }),

    /** Makes the token of a new password, and its mail, if there is such an account. */
    insertResetToken: (email: string, store_id: string | undefined): Promise<void> =>
      transaction(pool, async (tx) => {
        const { rows: [user] } = await tx.query<{ id: string }>({
          name: "user.find_by_email",
          // Not for who is being erased: a new password would bring the person back.
          text: `select id from users u where lower(email) = $1
                   and not exists (select from erasures e where e.id = u.id)`,
          values: [email],
        });
        if (user) await insertMailToken(tx, { purpose: "reset", user_id: user.id, store_id });
      }),

    /** Whose password a live token may set. */
    findResetOwner: async (hash: string): Promise<{ id: string; email: string } | undefined> => {
      const { rows: [user] } = await pool.query<{ id: string; email: string }>({
        name: "mail_token.reset_owner",
        text: `select u.id, u.email from mail_tokens t join users u on u.id = t.user_id
               where t.hash = $1 and t.purpose = 'reset' and t.end_time is null and t.expire_time > now()`,
        values: [hash],
      });
      return user;
    },

    /** Spends a token for a new password and ends all sessions; gives their ids. Who got the mail has the address. */
    resetPassword: (hash: string, password_hash: string): Promise<string[] | undefined> =>
      transaction(pool, async (tx) => {
        const token = await spendMailToken<OfUser>(tx, "reset", hash);
        if (!token) return undefined;
        await tx.query({
          name: "user.reset_password",
          text: `update users set password_hash = $2, email_verified_time = coalesce(email_verified_time, now()),
                   update_time = now() where id = $1`,
          values: [token.user_id, password_hash],
        });
        await endMailTokens(tx, token.user_id, ["reset", "verify"]);
        return await endSessions(tx, token.user_id, "password");
      }),

    /** Makes the token that proves an account's e-mail address, and its mail. */
    insertVerifyToken: (
      user_id: string,
      store_id: string | undefined,
    ): Promise<"made" | "verified" | "too_many"> =>
      transaction(pool, async (tx) => {
        const { rowCount } = await tx.query({
          name: "user.unverified",
          text: "select from users where id = $1 and email_verified_time is null for no key update",
          values: [user_id],
        });
        if (!rowCount) return "verified";
        return await insertMailToken(tx, { purpose: "verify", user_id, store_id }) ? "made" : "too_many";
      }),

    /** Spends a token that proves an e-mail address; gives whose. */
    verifyEmail: (hash: string): Promise<string | undefined> =>
      transaction(pool, async (tx) => {
        const token = await spendMailToken<OfUser>(tx, "verify", hash);
        if (!token) return undefined;
        await tx.query({
          name: "user.verify_email",
          text: "update users set email_verified_time = now(), update_time = now() where id = $1",
          values: [token.user_id],
        });
        return token.user_id;
      }),
  };
}
