import pg from "pg";
import { Refusal } from "../shop/refusal.ts";

const OLDEST = 15;

/** Connects as the owner of the database; a server that cannot serve the shop is refused in one sentence. */
export async function connectOwner(ownerUrl: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: ownerUrl,
    connectionTimeoutMillis: 5000,
    application_name: "nano migrate",
  });
  // Without a listener a lost connection would end the process; the next query reports it anyway.
  client.on("error", () => {});
  const { hostname, port } = new URL(ownerUrl);
  try {
    await client.connect();
  } catch (error) {
    await client.end().catch(() => {});
    const reason = error instanceof Error ? error.message || error.name : String(error);
    throw new Refusal(`Cannot reach PostgreSQL at ${hostname}:${port || 5432} as DATABASE_URL says: ${reason}.`);
  }
  try {
    await refuseUnfit(client);
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
}

interface Server {
  version: number;
  name: string;
  owner: string;
  makes_roles: boolean;
}

/** Refuses a server that is too old, or on which services could not get logins of their own. */
export async function refuseUnfit(client: { query(text: string): Promise<{ rows: Server[] }> }): Promise<void> {
  const { rows: [server] } = await client.query(
    `select current_setting('server_version_num')::int as version, current_setting('server_version') as name,
            current_user as owner, rolsuper or rolcreaterole as makes_roles
       from pg_roles where rolname = current_user`,
  );
  if (!server || server.version < OLDEST * 10_000) {
    throw new Refusal(`Cannot use PostgreSQL ${server?.name} as the oldest that Nano works with is ${OLDEST}.`);
  }
  if (!server.makes_roles) {
    throw new Refusal(
      `Cannot give each service a login of its own as "${server.owner}", the user in DATABASE_URL, may not make roles: ` +
        `a superuser can say: alter role "${server.owner}" createrole`,
    );
  }
}
