import { jobsSchema } from "../roles.ts";
import type { Indexes, Migrated, Role, Server, Session, Slow } from "./database_facts.ts";
import { type Finding, ok, psql, size, span, warning, wrong } from "./finding.ts";

/** Version and connections. */
export function judgeServer(address: string, { version, used, limit }: Server): Finding[] {
  const share = used / limit;
  const says = `${used} of ${limit} in use`;
  const mend = "raise max_connections in postgresql.conf, or run fewer replicas; then restart PostgreSQL";
  return [
    ok("postgresql", `${version} at ${address}`),
    share > 0.95
      ? wrong("connections", says, mend)
      : share > 0.8
      ? warning("connections", says, mend)
      : ok("connections", says),
  ];
}

/** Migrations that are pending, changed after they were applied, or of a newer release. */
export function judgeMigrations(all: readonly Migrated[]): Finding[] {
  const findings: Finding[] = [];
  let pending = 0;
  for (const { service, files, applied = [] } of all) {
    pending += files.filter(({ name }) => !applied.some((row) => row.name === name)).length;
    for (const row of applied) {
      const file = files.find(({ name }) => name === row.name);
      const name = `${service}/${row.name}`;
      if (!file) {
        findings.push(
          wrong("migrations", `${name} is of a newer release than this code`, "run the release that made it"),
        );
      } else if (row.sha256 !== file.sha256) {
        findings.push(
          wrong("migrations", `${name} was changed after it was applied`, `git checkout -- db/migrations/${name}.sql`),
        );
      }
    }
  }
  if (pending) findings.push(wrong("migrations", `${pending} are not applied`, "deno task migrate"));
  return findings.length ? findings : [ok("migrations", `all ${all.flatMap(({ files }) => files).length} are applied`)];
}

/** Logins that lack what they need, or have what they must not. `refused`: those that could not sign in. */
export function judgeRoles(roles: readonly Role[], refused: readonly string[]): Finding[] {
  const findings: Finding[] = [];
  const all = roles.flatMap(({ service }) => [service, jobsSchema(service)]);
  for (const { service, role, exists, logs_in, powers, schemas } of roles) {
    const own: string[] = [service, jobsSchema(service)];
    const lacks = own.filter((schema) => !schemas.includes(schema));
    const foreign = schemas.filter((schema) => all.includes(schema) && !own.includes(schema));
    if (!exists || !logs_in || lacks.length) {
      const says = exists ? logs_in ? `may not use ${lacks.join(", ")}` : "may not log in" : "does not exist";
      findings.push(wrong("roles", `${role} ${says}`, "deno task migrate"));
    } else if (refused.includes(role)) {
      findings.push(
        wrong("roles", `${role} has not the password that follows from DATABASE_ROLE_SECRET`, "deno task migrate"),
      );
    }
    if (powers.length) {
      const without = powers.map((power) => `no${power}`).join(" ");
      findings.push(
        wrong(
          "roles",
          `${role} has ${powers.join(", ")}, which no service needs`,
          psql(`alter role "${role}" ${without}`),
        ),
      );
    }
    for (const schema of foreign) {
      const mend = psql(`revoke usage on schema "${schema}" from "${role}"`);
      findings.push(wrong("roles", `${role} can read ${schema}, which is another's`, mend));
    }
  }
  return findings.length ? findings : [ok("roles", `${roles.length} logins, each with its own schemas only`)];
}

const [LONG, LONG_IDLE] = [30, 60];

/** Statements that run for long, and transactions that are left open and hold locks. */
export function judgeSessions(sessions: readonly Session[]): Finding[] {
  const findings = sessions.flatMap(({ pid, role, state, seconds, statement }) => {
    if (state === "active" && seconds > LONG) {
      const mend = psql(`select pg_cancel_backend(${pid})`);
      return [warning("statements", `${role} has run one for ${span(seconds)}: ${statement}`, mend)];
    }
    if (state !== "active" && seconds > LONG_IDLE) {
      const mend = psql(`select pg_terminate_backend(${pid})`);
      return [
        wrong("statements", `${role} has left a transaction open for ${span(seconds)} after: ${statement}`, mend),
      ];
    }
    return [];
  });
  findings.push(...judgeLocks(sessions));
  return findings.length ? findings : [ok("statements", `none runs for over ${LONG} s`)];
}

/** A moment of waiting for a lock is usual. */
const LONG_WAIT = 1;

/** Sessions that hold a lock which others wait for. */
function judgeLocks(sessions: readonly Session[]): Finding[] {
  const waiting = sessions.filter(({ blocked_by, seconds }) => blocked_by.length > 0 && seconds > LONG_WAIT);
  const holders = Map.groupBy(waiting, ({ blocked_by: [first] }) => first);
  return [...holders].map(([pid, { length }]) => {
    const holder = sessions.find((session) => session.pid === pid);
    const who = holder ? `${holder.role} holds since ${span(holder.seconds)}: ${holder.statement}` : `${pid} holds`;
    const mend = psql(`select pg_terminate_backend(${pid})`);
    return wrong("statements", `${length} wait for a lock that ${who}`, mend);
  });
}

/** What pg_stat_statements tells. */
export function judgeSlow(slow: readonly Slow[] | undefined): Finding[] {
  if (slow === undefined) return [ok("statements", "pg_stat_statements is not installed, so averages are not known")];
  return slow.map(({ statement, calls, milliseconds }) =>
    warning(
      "statements",
      `${Math.round(milliseconds)} ms on average in ${calls} calls: ${statement}`,
      "look at its plan (explain analyze); an index is added by a migration",
    )
  );
}

/** Indexes that are broken, missing, or of no use. */
export function judgeIndexes({ invalid, unused, unindexed, walked }: Indexes): Finding[] {
  const byMigration = "add an index by a migration in db/migrations";
  const findings = [
    ...invalid.map((name) =>
      wrong(
        "indexes",
        `${name} is invalid: it costs writes and serves no read`,
        psql(`reindex index concurrently ${name}`),
      )
    ),
    ...walked.map(({ table, times, rows }) =>
      warning("indexes", `${table} (${rows} rows) was read from end to end ${times} times`, byMigration)
    ),
    ...unindexed.map(({ table, constraint }) =>
      warning("indexes", `${table} has no index for its foreign key ${constraint}`, byMigration)
    ),
    ...unused.map(({ name, bytes }) =>
      warning(
        "indexes",
        `${name} (${size(bytes)}) was not used for a week`,
        "drop it by a migration, unless something rare needs it",
      )
    ),
  ];
  return findings.length ? findings : [ok("indexes", "none is invalid, missing or unused")];
}
