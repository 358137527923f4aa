import type { Actor, ListAuditRequest } from "../../proto/gen/nano/common/v1/common.ts";
import { listAudit } from "../shared/audit.ts";
import { emitEvent } from "../shared/jobs.ts";
import { orElse, type Pool, transaction, type Tx } from "../shared/postgres.ts";
import { createAddressRepository } from "./address_repository.ts";
import { createApiKeyRepository } from "./api_key_repository.ts";
import { createTotpRepository } from "./totp_repository.ts";
import { createInvitationRepository } from "./invitation_repository.ts";
import { createLinkRepository } from "./link_repository.ts";
import { createMailTokenRepository, endMailTokens, insertMailToken } from "./mail_token_repository.ts";
import { createSessionListRepository } from "./session_list_repository.ts";
import { createErasureRepository, keepAnotherAdmin } from "./erasure_repository.ts";
import { createSessionRepository, endSessions, type NewSession, openSession } from "./session_repository.ts";
import { createUserListRepository } from "./user_list_repository.ts";
import { toUser, USER, type UserRow } from "./rows.ts";
import { differ, emailTaken, noUser, type StoreRole, type User, visibleStores, wrongPassword } from "./user.ts";

export interface NewUser {
  id: string;
  email: string;
  name: string | null;
  password_hash: string;
}

export interface Credentials {
  user: User;
  password_hash: string;
}

export interface UserUpdate {
  id: string;
  email?: string;
  name?: string | null;
  password_hash?: string;
  /** The hash that must still be the user's: the one of the password that was proven. */
  expected_hash?: string;
  role?: "customer" | "admin";
  store_roles?: StoreRole[];
  /** The stores whose roles `store_roles` replaces. */
  stores: string[] | "all";
  /** The session that survives a change of the password. */
  spare_session_id: string | undefined;
  /** Whether a new e-mail address is asked to be proven, by a link that leads to this store. */
  verify?: { store_id: string | undefined } | undefined;
}

/** All SQL of the service: users and their roles here, sessions and addresses in files of their own. */
export function createRepository(pool: Pool) {
  return {
    ...createSessionRepository(pool),
    ...createAddressRepository(pool),
    ...createErasureRepository(pool),
    ...createSessionListRepository(pool),
    ...createUserListRepository(pool),
    ...createMailTokenRepository(pool),
    ...createLinkRepository(pool),
    ...createInvitationRepository(pool),
    ...createApiKeyRepository(pool),
    ...createTotpRepository(pool),

    /** The account of an e-mail address with its hash. */
    findCredentials: async (email: string): Promise<Credentials | undefined> => {
      const { rows: [row] } = await pool.query<UserRow & { password_hash: string }>({
        name: "user.find_credentials",
        text: `select ${USER}, u.password_hash from users u where lower(u.email) = $1`,
        values: [email],
      });
      if (!row) return undefined;
      const { password_hash, ...user } = row;
      return { user: toUser(user), password_hash };
    },

    /** The user, if the actor may see it: oneself, everybody for an admin, a manager's staff and customers. */
    findUser: async (id: string, actor: Actor): Promise<User | undefined> => {
      const stores = visibleStores(actor);
      const { rows: [row] } = stores === "all" || actor.user_id === id
        ? await pool.query<UserRow>({
          name: "user.find",
          text: `select ${USER} from users u where u.id = $1`,
          values: [id],
        })
        : await pool.query<UserRow>({
          name: "user.find_of_stores",
          text: `select ${USER} from users u where u.id = $1
                   and (exists (select from store_roles r where r.user_id = $1 and r.store_id = any($2::uuid[]))
                     or exists (select from store_customers c where c.user_id = $1 and c.store_id = any($2::uuid[])))`,
          values: [id, stores],
        });
      return row && toUser(row);
    },

    /**
     * Inserts a customer with a first session; the store hears of it, and with `verify` a mail asks to prove the
     * address. Throws `email_taken`.
     */
    register: (
      user: NewUser,
      session: NewSession,
      store_id: string | undefined,
      verify: boolean,
    ): Promise<User> =>
      transaction(pool, async (tx) => {
        const { rows: [row] } = await orElse(
          tx.query<UserRow>({
            name: "user.insert",
            text: `insert into users as u (id, email, name, password_hash) values ($1, $2, $3, $4)
                   returning u.id, u.email, u.name, u.role, u.create_time, false as email_verified, '[]'::json as store_roles`,
            values: [user.id, user.email, user.name, user.password_hash],
          }),
          { users_email_key: emailTaken },
        );
        if (!row) throw new Error("Cannot register as the insert gave no row.");
        await openSession(tx, { user_id: user.id, password_hash: user.password_hash, ...session }, store_id);
        const { id, email, name, create_time } = row;
        if (verify) await insertMailToken(tx, { purpose: "verify", user_id: id, store_id });
        if (store_id) {
          await emitEvent(tx, "user", "customer.created", store_id, {
            id,
            email,
            name: name ?? undefined,
            create_time,
          });
        }
        return toUser(row);
      }),

    /** Inserts somebody with roles in stores, who is not signed in. Throws `email_taken`. */
    insertStaff: (user: NewUser, store_roles: StoreRole[]): Promise<User> =>
      transaction(pool, async (tx) => {
        await orElse(
          tx.query({
            text: "insert into users (id, email, name, password_hash) values ($1, $2, $3, $4)",
            values: [user.id, user.email, user.name, user.password_hash],
          }),
          { users_email_key: emailTaken },
        );
        await replaceStoreRoles(tx, user.id, store_roles, "all");
        const { rows: [row] } = await tx.query<UserRow>({
          name: "user.find",
          text: `select ${USER} from users u where u.id = $1`,
          values: [user.id],
        });
        if (!row) throw new Error("Cannot read a user as it must be there once inserted.");
        return toUser(row);
      }),

    /** The names of those of the users who are staff of a store, or admins; without a name the e-mail address. */
    listStaffNames: async (store_id: string, ids: string[]): Promise<{ id: string; name: string }[]> => {
      const { rows } = await pool.query<{ id: string; name: string }>({
        name: "user.staff_names",
        text: `select u.id, coalesce(u.name, u.email) as name from users u
               where u.id = any($2::uuid[]) and (u.role = 'admin'
                 or exists (select from store_roles r where r.user_id = u.id and r.store_id = $1))`,
        values: [store_id, ids],
      });
      return rows;
    },

    listAudit: (request: ListAuditRequest) => listAudit(pool, request),

    /** Notes that a user buys in a store. Gives false if there is no such user. */
    linkCustomer: async (user_id: string, store_id: string): Promise<boolean> => {
      const { rowCount } = await pool.query({
        name: "user.link_customer",
        text:
          `with linked as (insert into store_customers (user_id, store_id) select id, $2 from users where id = $1 on conflict do nothing)
               select from users where id = $1`,
        values: [user_id, store_id],
      });
      return rowCount === 1;
    },

    /** Changes a user and ends the sessions that the change ends. Throws `email_taken`, `wrong_password`. */
    updateUser: (update: UserUpdate): Promise<{ user: User; dead_session_ids: string[] }> =>
      transaction(pool, async (tx) => {
        const before = await lockUser(tx, update);
        const { store_roles, stores } = update;
        const staff = store_roles !== undefined &&
          differ(
            stores === "all"
              ? before.store_roles
              : before.store_roles.filter((given) => stores.includes(given.store_id)),
            store_roles,
          );
        const role = update.role !== undefined && update.role !== before.role;
        if (role && before.role === "admin") await keepAnotherAdmin(tx, update.id);
        await orElse(
          tx.query({
            name: "user.update",
            text: `update users set email = coalesce($2, email),
                     email_verified_time = case when coalesce($2, email) = email then email_verified_time end, name = case when $3 then $4 else name end,
                     password_hash = coalesce($5, password_hash), role = coalesce($6, role), update_time = now()
                   where id = $1`,
            values: [
              update.id,
              update.email,
              update.name !== undefined,
              update.name,
              update.password_hash,
              update.role,
            ],
          }),
          { users_email_key: emailTaken },
        );
        if (update.email !== undefined && update.email !== before.email) {
          // Links that were sent to the old address are worth nothing now.
          await endMailTokens(tx, update.id, ["verify", "reset"]);
          if (update.verify) {
            await insertMailToken(tx, { purpose: "verify", user_id: update.id, store_id: update.verify.store_id });
          }
        } else if (update.password_hash) await endMailTokens(tx, update.id, ["reset"]);
        if (staff) await replaceStoreRoles(tx, update.id, store_roles, stores);
        const dead_session_ids = role || staff
          ? await endSessions(tx, update.id, "role")
          : update.password_hash
          ? await endSessions(tx, update.id, "password", update.spare_session_id)
          : [];
        const { rows: [row] } = await tx.query<UserRow>({
          name: "user.find",
          text: `select ${USER} from users u where u.id = $1`,
          values: [update.id],
        });
        if (!row) throw new Error("Cannot change a user as it is gone.");
        return { user: toUser(row), dead_session_ids };
      }),

    /** Inserts an admin unless somebody has the e-mail address. Gives whether it did. */
    insertAdmin: (admin: NewUser): Promise<boolean> =>
      transaction(pool, async (tx) => {
        const { rowCount } = await tx.query({
          text:
            "insert into users (id, email, name, password_hash, role) values ($1, $2, $3, $4, 'admin') on conflict do nothing",
          values: [admin.id, admin.email, admin.name, admin.password_hash],
        });
        return rowCount === 1;
      }),

    /** Whether there is any admin. */
    hasAdmin: async (): Promise<boolean> => {
      const { rowCount } = await pool.query({ text: "select from users where role = 'admin' limit 1" });
      return rowCount === 1;
    },
  };
}

export type Repository = ReturnType<typeof createRepository>;

async function lockUser(
  tx: Tx,
  { id, expected_hash }: UserUpdate,
): Promise<{ role: string; email: string; store_roles: StoreRole[] }> {
  const { rows: [user] } = await tx.query<{ role: string; email: string; password_hash: string }>({
    name: "user.lock",
    text: "select role, email, password_hash from users where id = $1 for no key update",
    values: [id],
  });
  if (!user) throw noUser();
  // Another change of the password came between.
  if (expected_hash && user.password_hash !== expected_hash) throw wrongPassword();
  const { rows } = await tx.query<StoreRole & { user_id: string }>({
    name: "user.store_roles",
    text: "select store_id, role from store_roles where user_id = $1",
    values: [id],
  });
  return { role: user.role, email: user.email, store_roles: rows };
}

/** Rows that stay as they are aren't touched, so the audit tells what really changed. */
async function replaceStoreRoles(
  tx: Tx,
  user_id: string,
  store_roles: StoreRole[],
  stores: string[] | "all",
): Promise<void> {
  const given = JSON.stringify(store_roles);
  await tx.query({
    name: "store_roles.delete",
    text: `delete from store_roles where user_id = $1 and ($2::uuid[] is null or store_id = any($2))
             and (store_id, role) not in (select store_id, role from json_to_recordset($3) as given (store_id uuid, role text))`,
    values: [user_id, stores === "all" ? null : stores, given],
  });
  await tx.query({
    name: "store_roles.insert",
    text: `insert into store_roles (user_id, store_id, role)
           select $1, store_id, role from json_to_recordset($2) as given (store_id uuid, role text)
           on conflict (user_id, store_id) do nothing`,
    values: [user_id, given],
  });
}
