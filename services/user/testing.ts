/** For tests only: the user service over a socket, on a database of its own. */
import type { Actor } from "../../proto/gen/nano/common/v1/common.ts";
import { Store } from "../../proto/gen/nano/store/v1/store.ts";
import { type Tokens, type UserServiceServer, UserServiceService } from "../../proto/gen/nano/user/v1/user.ts";
import { ANONYMOUS, withTimeout } from "../shared/context.ts";
import { connect, createServer, listen, type Rpcs, stopServer } from "../shared/grpc.ts";
import { newId } from "../shared/ids.ts";
import { createLog } from "../shared/log.ts";
import type { Statement } from "../shared/postgres.ts";
import { as, type TestDatabase, testDatabase } from "../shared/testing.ts";
import { createVault } from "../shared/vault.ts";
import { createHandlers } from "./handlers.ts";
import { createJobs } from "./jobs.ts";
import type { Mail } from "./mail.ts";
import type { Neighbours } from "./clients.ts";
import type { Deps } from "./deps.ts";
import { createPasswords, type Passwords } from "./passwords.ts";
import { createRepository, type Repository } from "./repository.ts";
import { createSecondFactor } from "./second_factor.ts";
import { createSigner } from "./tokens.ts";

export const PASSWORD = "correct horse battery";
export const JWT = { JWT_SECRET: "a secret of more than 32 characters, 1234", JWT_EXPIRATION: 600 };

/** Where links in mails lead. */
export const MAIL = { ADMIN_URL: "https://console.test", STOREFRONT_URL: "https://{store}.test/account/" };
/** The store that every mail is about. */
export const STORE = { name: "Tea & <Cakes>", slug: "tea" };

export interface TestService {
  database: TestDatabase;
  repository: Repository;
  passwords: Passwords;
  client: Rpcs<UserServiceServer>;
  /** Calls as an actor, with a deadline. */
  as<T>(actor: Actor, call: (client: Rpcs<UserServiceServer>) => Promise<T>): Promise<T>;
  /** Registers somebody new. */
  register(store_id?: string, email?: string): Promise<Tokens & { actor: Actor; email: string }>;
  /** The actor of a user's session, with the roles that the session has now. */
  actorOf(tokens: Tokens): Promise<Actor>;
  /** A new admin, signed in. */
  admin(): Promise<Actor>;
  /** Runs the jobs that wait, as their runner would: gives the mails that they sent. */
  mails(): Promise<Mail[]>;
  stop(): Promise<void>;
}

/** Neighbours who hold nothing of anybody. */
export const idle: Neighbours = {
  store: {
    publishEvent: () => Promise.resolve({}),
    publishEvents: ({ events }) => Promise.resolve({ outcomes: events.map(() => ({ status: 0 })) }),
    getStore: ({ id_or_slug }) => Promise.resolve({ ...Store.create(), id: id_or_slug, ...STORE }),
  },
  openOrders: () => Promise.resolve([]),
  eraseOrders: () => Promise.resolve([]),
  erasePayments: () => Promise.resolve(),
  eraseCarts: () => Promise.resolve(),
  eraseEvents: () => Promise.resolve(),
};

/** Starts the service; hashing is real. */
export async function startService(): Promise<TestService> {
  const database = await testDatabase("user");
  const repository = createRepository(database.pool);
  const passwords = createPasswords();
  const vault = await createVault({ DATABASE_URL: "postgres://user:password@localhost/nano" }, "second factors");
  const secondFactor = createSecondFactor({ repository, vault });
  const sent: Mail[] = [];
  const mailer = { send: (mail: Mail) => Promise.resolve(void sent.push(mail)), close: () => {} };
  const signer = createSigner(JWT);
  const deps: Deps = { config: MAIL, repository, passwords, secondFactor, signer, mailer, neighbours: idle };
  const server = createServer<UserServiceServer>(
    UserServiceService,
    createHandlers(deps),
    createLog("user", { LOG_LEVEL: "ERROR" }),
  );
  const port = await listen(server, "127.0.0.1:0");
  const client = connect<UserServiceServer>(UserServiceService, `127.0.0.1:${port}`);

  const service: TestService = {
    database,
    repository,
    passwords,
    client,
    as: (actor, call) => as(actor, () => call(client)),
    register: async (store_id = newId(), email = `${newId()}@shop.test`) => {
      const tokens = await service.as(ANONYMOUS, (user) => user.register({ email, password: PASSWORD, store_id }));
      return { ...tokens, email, actor: await service.actorOf(tokens) };
    },
    actorOf: async ({ session_id }) => {
      const { user_id, role, store_roles, email } = await service.as(
        ANONYMOUS,
        (user) => user.checkSession({ session_id }),
      );
      return { kind: "user", user_id, role, store_roles, email, session_id };
    },
    admin: async () => {
      const email = `${newId()}@shop.test`;
      await repository.insertAdmin({
        id: newId(),
        email,
        name: "Admin",
        password_hash: await passwords.hash(PASSWORD),
      });
      return await service.actorOf(
        await service.as(ANONYMOUS, (user) => user.login({ email, password: PASSWORD, store_id: newId() })),
      );
    },
    mails: async () => {
      const jobs = createJobs(deps);
      // A job may add another one.
      for (let left = true; left;) {
        const { rows } = await database.owner.query(
          `with done as (delete from user_jobs._private_jobs where true returning id, task_id, payload)
           select t.identifier, done.payload from done join user_jobs._private_tasks t on t.id = done.task_id order by done.id`,
        );
        for (const { identifier, payload } of rows) await withTimeout(10_000, () => jobs[identifier]?.(payload));
        left = rows.length > 0;
      }
      return sent.splice(0);
    },
    stop: async () => {
      client.close();
      await stopServer(server, 1_000);
      await database.drop();
    },
  };
  return service;
}

/** A statement with its values written into it, and its tables named for whoever has another search path. */
export function literal({ text, values = [] }: Statement): string {
  const written = text.replaceAll(/\$(\d+)/g, (_, number) => {
    const value = values[Number(number) - 1];
    return `'${Array.isArray(value) ? `{${value}}` : value}'`;
  });
  return written.replaceAll(/\b(from|join) (users|store_\w+)\b/g, '$1 "user".$2');
}
