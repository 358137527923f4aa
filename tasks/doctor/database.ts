import pg from "pg";
import { connectOwner } from "../database/check.ts";
import { databaseName, roleUrl } from "../roles.ts";
import { SERVICES } from "../processes.ts";
import { Refusal } from "../shop/refusal.ts";
import {
  readIndexes,
  readMigrated,
  readRoles,
  readServer,
  readSessions,
  readSlow,
  type Session,
  type Slow,
} from "./database_facts.ts";
import { judgeIndexes, judgeMigrations, judgeRoles, judgeServer, judgeSessions, judgeSlow } from "./database_judge.ts";
import { type Finding, ok, wrong } from "./finding.ts";
import { judgeQueues, readQueues } from "./jobs.ts";
import { judgeClock } from "./machine.ts";

/** What is needed to look at a database. */
export interface DatabaseToExamine {
  readonly ownerUrl: string;
  /** From which the services' passwords follow; undefined: they are not tried. */
  readonly roleSecret: string | undefined;
  /** Whether the shop runs on it. */
  readonly running: boolean;
  /** What to do where it is out of reach. */
  readonly mend: string;
}

/** Looks at PostgreSQL, and at what the shop keeps there. */
export async function examineDatabase({ ownerUrl, roleSecret, running, mend }: DatabaseToExamine): Promise<Finding[]> {
  let client: pg.Client;
  try {
    client = await connectOwner(ownerUrl);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return [wrong("postgresql", error.message, mend)];
  }
  try {
    await client.query("set statement_timeout = '10s'");
    const { hostname, port } = new URL(ownerUrl);
    const server = await readServer(client);
    const roles = await readRoles(client, databaseName(ownerUrl));
    const seen = await asEachRole(ownerUrl, roleSecret);
    const sessions = [...await readSessions(client), ...seen.sessions];
    const slow = await readSlow(client);
    return [
      ...judgeServer(`${hostname}:${port || 5432}`, server),
      judgeClock(server.ahead),
      ...judgeMigrations(await readMigrated(client)),
      ...judgeRoles(roles, seen.refused),
      ...judgeSessions([...new Map(sessions.map((session) => [session.pid, session])).values()]),
      ...judgeSlow(slow && [...slow, ...seen.slow]),
      ...judgeIndexes(await readIndexes(client)),
      ...judgeQueues(await readQueues(client), running),
    ];
  } finally {
    await client.end();
  }
}

interface Seen {
  readonly sessions: Session[];
  readonly slow: Slow[];
  /** Roles that could not sign in. */
  readonly refused: string[];
}

/** An owner that is no superuser sees nothing of others' sessions, so each service's login looks at its own. */
async function asEachRole(ownerUrl: string, secret: string | undefined): Promise<Seen> {
  const seen: Seen = { sessions: [], slow: [], refused: [] };
  if (!secret) return seen;
  await Promise.all(SERVICES.map(async (service) => {
    const url = roleUrl(ownerUrl, service, secret);
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000, statement_timeout: 5000 });
    client.on("error", () => {});
    try {
      await client.connect();
      seen.sessions.push(...await readSessions(client));
      seen.slow.push(...await readSlow(client) ?? []);
    } catch {
      seen.refused.push(decodeURIComponent(new URL(url).username));
    } finally {
      await client.end().catch(() => {});
    }
  }));
  return seen;
}

/** What is said where the embedded PostgreSQL is down with its shop. */
export const ASLEEP: Finding = ok("postgresql", "the embedded one starts with the shop; look again then");
