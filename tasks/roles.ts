import { Buffer } from "node:buffer";
import { createHash, createHmac, hkdfSync, pbkdf2Sync } from "node:crypto";
import type { ServiceName } from "./processes.ts";

/** The database that a connection URL names. */
export function databaseName(url: string): string {
  const { pathname, username } = new URL(url);
  // As libpq: without a name it is the user's.
  return decodeURIComponent(pathname.slice(1)) || decodeURIComponent(username);
}

/** A service's login role: named for the database, since roles belong to the whole server. */
export function roleName(service: ServiceName, prefix: string): string {
  return `${prefix}_${service}`;
}

/** A role's password: derived, so that one secret serves all and none need be stored. */
export function rolePassword(role: string, secret: string): string {
  return Buffer.from(hkdfSync("sha256", secret, "nano", `database role ${role}`, 24)).toString("base64url");
}

/** The owner's URL with a service's login. `rolePrefix`: where the roles were made for another database, as with a clone. */
export function roleUrl(
  ownerUrl: string,
  service: ServiceName,
  secret: string,
  options: { rolePrefix?: string } = {},
): string {
  const role = roleName(service, options.rolePrefix ?? databaseName(ownerUrl));
  const url = new URL(ownerUrl);
  url.username = encodeURIComponent(role);
  url.password = rolePassword(role, secret);
  return url.href;
}

/** The SCRAM-SHA-256 verifier (RFC 5803) of a role's password: what PostgreSQL stores, so no statement or log holds the password. */
export function scramVerifier(role: string, secret: string): string {
  const iterations = 4096;
  const salt = Buffer.from(hkdfSync("sha256", secret, "nano", `salt of ${role}`, 16));
  const salted = pbkdf2Sync(rolePassword(role, secret), salt, iterations, 32, "sha256");
  const mac = (text: string) => createHmac("sha256", salted).update(text).digest();
  const storedKey = createHash("sha256").update(mac("Client Key")).digest("base64");
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${storedKey}:${mac("Server Key").toString("base64")}`;
}

/** The schema of a service's jobs (graphile-worker's own tables). */
export function jobsSchema(service: ServiceName): string {
  return `${service}_jobs`;
}
