import type { SecuritySettings } from "../../proto/gen/nano/user/v1/user.ts";
import { type Pool, transaction } from "../shared/postgres.ts";
import { SIGN_IN_MINUTES, STEP_UP_MINUTES } from "./totp.ts";

/** A second factor as it is stored. */
export interface TotpRow {
  /** Sealed; see the vault. */
  secret: Uint8Array;
  confirmed: boolean;
  recovery_codes_left: number;
}

/** The tables of second factors and of the operator's rules for them. */
export function createTotpRepository(pool: Pool) {
  return {
    /** The second factor of a user, also one whose first code is awaited. */
    findTotp: async (user_id: string): Promise<TotpRow | undefined> => {
      const { rows: [row] } = await pool.query<TotpRow>({
        name: "totp.find",
        text: `select secret, confirm_time is not null as confirmed, cardinality(recovery_hashes) as recovery_codes_left
               from totp where id = $1`,
        values: [user_id],
      });
      return row;
    },

    /** Begins with a new secret; false if there is a second factor in use. */
    beginTotp: (user_id: string, secret: Uint8Array): Promise<boolean> =>
      transaction(pool, async (tx) => {
        const { rowCount } = await tx.query({
          name: "totp.begin",
          text: `insert into totp (id, secret) values ($1, $2)
                 on conflict (id) do update set secret = excluded.secret, create_time = now(), last_step = 0
                 where totp.confirm_time is null`,
          values: [user_id, secret],
        });
        return rowCount === 1;
      }),

    /** Turns it on by the code of a step; false if it is on. */
    confirmTotp: (user_id: string, step: number, recovery_hashes: string[]): Promise<boolean> =>
      transaction(pool, async (tx) => {
        const { rowCount } = await tx.query({
          name: "totp.confirm",
          text: `update totp set confirm_time = now(), last_step = $2, recovery_hashes = $3
                 where id = $1 and confirm_time is null`,
          values: [user_id, step, recovery_hashes],
        });
        return rowCount === 1;
      }),

    /** Takes the code of a step, each once and never an earlier one: of two at the same time one. */
    takeStep: async (user_id: string, step: number): Promise<boolean> => {
      const { rowCount } = await pool.query({
        name: "totp.take_step",
        text: "update totp set last_step = $2 where id = $1 and last_step < $2 and confirm_time is not null",
        values: [user_id, step],
      });
      return rowCount === 1;
    },

    /** Takes a recovery code, once. */
    takeRecoveryCode: (user_id: string, hash: string): Promise<boolean> =>
      transaction(pool, async (tx) => {
        const { rowCount } = await tx.query({
          name: "totp.take_recovery_code",
          text: `update totp set recovery_hashes = array_remove(recovery_hashes, $2)
                 where id = $1 and $2 = any(recovery_hashes) and confirm_time is not null`,
          values: [user_id, hash],
        });
        return rowCount === 1;
      }),

    /** Puts new recovery codes in place of the old ones. */
    putRecoveryCodes: (user_id: string, hashes: string[]): Promise<void> =>
      transaction(pool, async (tx) => {
        await tx.query({
          name: "totp.put_recovery_codes",
          text: "update totp set recovery_hashes = $2 where id = $1 and confirm_time is not null",
          values: [user_id, hashes],
        });
      }),

    /** Removes a second factor; false if there was none. */
    deleteTotp: (user_id: string): Promise<boolean> =>
      transaction(pool, async (tx) => {
        const { rowCount } = await tx.query({
          name: "totp.delete",
          text: "delete from totp where id = $1",
          values: [user_id],
        });
        return rowCount === 1;
      }),

    /** Whether somebody signed in, or confirmed to be there, in a session just now. */
    wasProvenLately: async (session_id: string): Promise<boolean> => {
      const { rowCount } = await pool.query({
        name: "session.proven_lately",
        text: `select from sessions where id = $1 and end_time is null
                 and (create_time > now() - interval '${SIGN_IN_MINUTES} minutes'
                   or confirm_time > now() - interval '${STEP_UP_MINUTES} minutes')`,
        values: [session_id],
      });
      return rowCount === 1;
    },

    /** Marks a live session as confirmed; gives until when, undefined if it has ended. */
    confirmSession: async (session_id: string): Promise<Date | undefined> => {
      const { rows: [row] } = await pool.query<{ expire_time: Date }>({
        name: "session.confirm",
        text: `update sessions set confirm_time = now() where id = $1 and end_time is null
               returning confirm_time + interval '${STEP_UP_MINUTES} minutes' as expire_time`,
        values: [session_id],
      });
      return row?.expire_time;
    },

    /** The operator's rules. */
    getSecuritySettings: async (): Promise<SecuritySettings> => {
      const { rows: [row] } = await pool.query<SecuritySettings>({
        name: "security_settings.get",
        text: "select require_totp, step_up_refund_amount from security_settings",
      });
      if (!row) throw new Error("Cannot read the security settings as their row must be there.");
      return row;
    },

    /** Sets them. */
    putSecuritySettings: ({ require_totp, step_up_refund_amount }: SecuritySettings): Promise<void> =>
      transaction(pool, async (tx) => {
        await tx.query({
          name: "security_settings.put",
          text: "update security_settings set require_totp = $1, step_up_refund_amount = $2, update_time = now()",
          values: [require_totp, step_up_refund_amount],
        });
      }),
  };
}
