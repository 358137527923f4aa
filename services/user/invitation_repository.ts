import type { Invitation, ListInvitationsResponse } from "../../proto/gen/nano/user/v1/identity.ts";
import { conflict } from "../shared/errors.ts";
import { decodeIdCursor, toPage } from "../shared/pagination.ts";
import { orElse, type Pool, transaction, type Tx } from "../shared/postgres.ts";
import { rolesWith } from "../shared/permissions.ts";
import { MAX_INVITATIONS, tooManyMails } from "./mail_token.ts";
import { insertMailToken, spendMailToken } from "./mail_token_repository.ts";
import { toUser, USER, type UserRow } from "./rows.ts";
import { endSessions, type NewSession, openSession } from "./session_repository.ts";
import { emailTaken, noUser, type User } from "./user.ts";

type Row = Omit<Invitation, "inviter_id" | "send_time"> & { inviter_id: string | null; send_time: Date | null };

/** What who has an invitation's token may know of it. */
export interface Offer {
  email: string;
  store_id: string;
  role: string;
  expire_time: Date;
  /** The account with that e-mail address. */
  user_id: string | null;
}

interface Accepted extends Record<string, unknown> {
  store_id: string;
  role: string;
}

const INVITATION = "id, email, store_id, role, inviter_id, create_time, expire_time, send_time";
const OPEN = "purpose = 'invite' and end_time is null and expire_time > now()";

/** Invitations to stores' staff. */
export function createInvitationRepository(pool: Pool) {
  return {
    /** Makes an invitation and its mail. Throws `already_staff`, `too_many_invitations`, or 429. */
    insertInvitation: (
      invitation: { email: string; store_id: string; role: string; inviter_id: string },
    ): Promise<Invitation> =>
      transaction(pool, async (tx) => {
        const { email, store_id } = invitation;
        const { rows: [state] } = await tx.query<{ staff: boolean; open: number }>({
          name: "invitation.before",
          text: `select exists (select from users u join store_roles r on r.user_id = u.id
                                where lower(u.email) = $1 and r.store_id = $2) as staff,
                   (select count(*) from mail_tokens where store_id = $2 and email <> $1 and ${OPEN}) as open`,
          values: [email, store_id],
        });
        if (state?.staff) throw conflict("already_staff", "The person is on the staff of the store already.");
        if (state && state.open >= MAX_INVITATIONS) {
          throw conflict("too_many_invitations", `A store has at most ${MAX_INVITATIONS} open invitations.`);
        }
        const id = await insertMailToken(tx, { purpose: "invite", ...invitation });
        if (!id) throw tooManyMails();
        const { rows: [row] } = await tx.query<Row>({
          name: "invitation.read",
          text: `select ${INVITATION} from mail_tokens where id = $1`,
          values: [id],
        });
        if (!row) throw new Error("Cannot read an invitation as it must be there once inserted.");
        return toInvitation(row);
      }),

    /** A page of open invitations to stores, newest first: their ids are in the order of time. */
    listInvitations: async (
      stores: string[] | "all",
      limit: number,
      cursor?: string,
    ): Promise<ListInvitationsResponse> => {
      const { rows } = await pool.query<Row>({
        text: `select ${INVITATION} from mail_tokens
               where ${OPEN} and ($1::uuid[] is null or store_id = any($1)) and ($3::uuid is null or id < $3)
               order by id desc limit $2`,
        values: [stores === "all" ? null : stores, limit + 1, cursor ? decodeIdCursor(cursor) : null],
      });
      return toPage(rows.map(toInvitation), limit, ({ id }) => [id]);
    },

    /** Takes an open invitation to one of the stores back. Gives whether there was one. */
    revokeInvitation: (id: string, stores: string[] | "all"): Promise<boolean> =>
      transaction(pool, async (tx) => {
        const { rowCount } = await tx.query({
          name: "invitation.revoke",
          text: `update mail_tokens set end_time = now(), end_reason = 'revoked'
                 where id = $1 and ${OPEN} and ($2::uuid[] is null or store_id = any($2))`,
          values: [id, stores === "all" ? null : stores],
        });
        return rowCount === 1;
      }),

    /** The open invitation of a token, if who made it still may. */
    findInvitation: async (hash: string): Promise<Offer | undefined> => {
      const { rows: [offer] } = await pool.query<Offer>({
        name: "invitation.find",
        text: `select t.email, t.store_id, t.role, t.expire_time, u.id as user_id
               from mail_tokens t left join users u on lower(u.email) = t.email
               where t.hash = $1 and t.purpose = 'invite' and t.end_time is null and t.expire_time > now() and ${MAY}`,
        values: [hash, rolesWith("user:write")],
      });
      return offer;
    },

    /** Accepts for an account that is signed in: its other sessions end. Undefined if the token is spent. */
    acceptAs: (
      user_id: string,
      hash: string,
      spare: string | undefined,
    ): Promise<{ user: User; dead_session_ids: string[] } | undefined> =>
      transaction(pool, async (tx) => {
        const accepted = await spendMailToken<Accepted>(tx, "invite", hash);
        if (!accepted) return undefined;
        const given = await giveRole(tx, user_id, accepted);
        const dead_session_ids = given ? await endSessions(tx, user_id, "role", spare) : [];
        return { user: await readUser(tx, user_id), dead_session_ids };
      }),

    /** Accepts with a new account, which has its first session. Undefined if the token is spent. Throws `email_taken`. */
    acceptNew: (
      user: { id: string; email: string; name: string | null; password_hash: string },
      hash: string,
      session: NewSession,
    ): Promise<User | undefined> =>
      transaction(pool, async (tx) => {
        const accepted = await spendMailToken<Accepted>(tx, "invite", hash);
        if (!accepted) return undefined;
        await orElse(
          tx.query({
            name: "user.insert_invited",
            // The mail came to this address: it is proven.
            text:
              "insert into users (id, email, name, password_hash, email_verified_time) values ($1, $2, $3, $4, now())",
            values: [user.id, user.email, user.name, user.password_hash],
          }),
          { users_email_key: emailTaken },
        );
        await giveRole(tx, user.id, accepted);
        await openSession(tx, { user_id: user.id, password_hash: user.password_hash, ...session }, undefined);
        return await readUser(tx, user.id);
      }),
  };
}

/** An admin, or with a role in the store that may hire: $2. Somebody dismissed leaves no door open. */
const MAY = `exists (select from users i where i.id = t.inviter_id and (i.role = 'admin' or exists (
  select from store_roles r where r.user_id = i.id and r.store_id = t.store_id and r.role = any($2))))`;

/** Gives the role unless the person has one there by now. The mail came to the account's address: it is proven. */
async function giveRole(tx: Tx, user_id: string, { store_id, role }: Accepted): Promise<boolean> {
  await tx.query({
    name: "user.prove_email",
    text: "update users set email_verified_time = coalesce(email_verified_time, now()) where id = $1",
    values: [user_id],
  });
  const { rowCount } = await tx.query({
    name: "store_roles.give",
    text: "insert into store_roles (user_id, store_id, role) values ($1, $2, $3) on conflict do nothing",
    values: [user_id, store_id, role],
  });
  return rowCount === 1;
}

async function readUser(tx: Tx, id: string): Promise<User> {
  const { rows: [row] } = await tx.query<UserRow>({
    name: "user.find",
    text: `select ${USER} from users u where u.id = $1`,
    values: [id],
  });
  if (!row) throw noUser();
  return toUser(row);
}

function toInvitation({ inviter_id, send_time, ...invitation }: Row): Invitation {
  return { ...invitation, ...(inviter_id ? { inviter_id } : {}), ...(send_time ? { send_time } : {}) };
}
