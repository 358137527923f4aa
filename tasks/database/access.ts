import pg from "pg";
import { type ServiceName, SERVICES } from "../processes.ts";
import { jobsSchema, roleName, scramVerifier } from "../roles.ts";

const { escapeIdentifier: name, escapeLiteral: literal } = pg;

/**
 * Gives each service a schema, a jobs schema and a login that reaches these two and nothing else.
 * Rights on tables are default privileges, set before any table is made: a later run does not give back what a
 * migration took away (as with audit tables, which are append-only).
 */
export async function prepareAccess(
  client: pg.Client,
  database: string,
  rolePrefix: string,
  secret: string,
): Promise<void> {
  await client.query("revoke create on schema public from public");
  for (const extension of ["pg_trgm", "unaccent"]) {
    await client.query(`create extension if not exists ${extension} with schema public`);
  }
  await createRoles(client, rolePrefix, secret);
  for (const service of SERVICES) await prepareService(client, database, roleName(service, rolePrefix), service);
}

/** Makes the services' logins, or gives those that are there the password that follows from the secret. */
export async function createRoles(client: pg.Client, rolePrefix: string, secret: string): Promise<void> {
  for (const service of SERVICES) {
    const role = roleName(service, rolePrefix);
    const { rowCount } = await client.query("select from pg_roles where rolname = $1", [role]);
    // Sent as one query, so one round trip and one transaction.
    await client.query([
      ...(rowCount ? [] : [`create role ${name(role)}`]),
      `alter role ${name(role)} with login password ${literal(scramVerifier(role, secret))}`,
      `alter role ${name(role)} set search_path = ${name(service)}, public`,
      // Short statements only: compiling one for speed would take longer than running it.
      `alter role ${name(role)} set jit = off`,
      // A plan made while a table was nearly empty, as one of jobs always is, would read all of it, and lives on as it fills.
      `alter role ${name(role)} set enable_seqscan = off`,
    ].join(";\n"));
  }
}

async function prepareService(
  client: pg.Client,
  database: string,
  role: string,
  service: ServiceName,
): Promise<void> {
  const statements = [
    `grant connect on database ${name(database)} to ${name(role)}`,
  ];
  for (const schema of [service, jobsSchema(service)]) {
    const defaults = `alter default privileges in schema ${name(schema)} grant`;
    statements.push(
      `create schema if not exists ${name(schema)}`,
      `grant usage on schema ${name(schema)} to ${name(role)}`,
      `${defaults} select, insert, update, delete on tables to ${name(role)}`,
      `${defaults} usage, select, update on sequences to ${name(role)}`,
      `${defaults} execute on functions to ${name(role)}`,
    );
  }
  await client.query(statements.join(";\n"));
}
