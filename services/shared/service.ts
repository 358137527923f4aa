import { HealthImplementation } from "grpc-health-check";
import type { Server } from "@grpc/grpc-js";
import { SEAL_CRONTAB, sealAudit } from "./audit_seals.ts";
import { createServer, listen, type Rpcs, stopServer } from "./grpc.ts";
import { type Readiness, serveHealth } from "./health.ts";
import { measureQueue } from "./job_telemetry.ts";
import { type JobHandlers, type JobsOptions, runJobs } from "./jobs.ts";
import type { Log } from "./log.ts";
import type { Pool } from "./postgres.ts";
import { onShutdown } from "./shutdown.ts";
import { measurePool } from "./sql_telemetry.ts";

/** What every service is told. */
export interface ServiceConfig {
  ENVIRONMENT: "development" | "production";
  HOST: string;
  PORT: number;
  HTTP_PORT: number;
  DATABASE_URL: string;
  DATABASE_DIRECT_URL?: string | undefined;
}

/** What a service is made of. */
export interface ServiceParts<S> extends JobsOptions {
  pool: Pool;
  definition: Record<keyof Rpcs<S>, unknown>;
  handlers: Rpcs<S>;
  jobs: JobHandlers;
  /** Whether it keeps an audit log, which is sealed each minute. */
  audited?: boolean;
  /** What must be done once before it takes requests, on a database that has this release's migrations. */
  prepare?: () => Promise<void>;
  /** What else is closed at the end: neighbours' clients, the cache. */
  close?: (() => void | Promise<void>)[];
}

/**
 * Serves a service until SIGTERM: its gRPC (with health, and in development reflection), its jobs, and health and
 * metrics over HTTP. Drains calls first, then jobs, then closes the pool.
 */
export async function serve<S>(name: string, config: ServiceConfig, log: Log, parts: ServiceParts<S>): Promise<void> {
  const { pool } = parts;
  const jobs = parts.audited ? { ...parts.jobs, seal_audit: sealAudit(pool, log) } : parts.jobs;
  const crontab = parts.audited ? [parts.crontab, SEAL_CRONTAB].join("\n") : parts.crontab;
  const readiness: Readiness = { draining: false, check: await fit(pool, name, log, parts.prepare) };
  measurePool(pool);
  measureQueue(pool, name, Object.keys(jobs));
  const server = createServer(parts.definition, parts.handlers, log);
  const health = addHealth(server, name);
  if (config.ENVIRONMENT === "development") await addReflection(server, name);
  const runner = await runJobs(config, name, jobs, log, { ...parts, crontab });
  await listen(server, `${config.HOST}:${config.PORT}`);
  const http = serveHealth(name, config, readiness);
  onShutdown(config, log, readiness, [
    async () => {
      health.stop();
      await stopServer(server);
    },
    () => runner.stop(),
    async () => {
      for (const close of parts.close ?? []) await close();
      await pool.end();
    },
    () => http.shutdown(),
  ]);
  log.info({ port: config.PORT }, `${name} is ready`);
}

/** Ready means: the database answers, has every migration that this code was written for, and what is to be done first is. */
async function fit(
  pool: Pool,
  name: string,
  log: Log,
  prepare = () => Promise.resolve(),
): Promise<() => Promise<void>> {
  const known: string[] = [];
  for await (const { name: file } of Deno.readDir(`db/migrations/${name}`)) known.push(file.replace(/\.sql$/, ""));
  const statement = { name: "ready", text: "select count(*)::int as applied from migrations where name = any($1)" };
  let prepared: Promise<void> | undefined;
  return async () => {
    const { rows: [row] } = await pool.query<{ applied: number }>({ ...statement, values: [known] });
    if (row?.applied !== known.length) throw new Error("The database lacks migrations of this release.");
    await (prepared ??= prepare().catch((error) => {
      log.fatal({ err: error }, "cannot start");
      Deno.exit(1);
    }));
  };
}

/** Adds grpc.health.v1: the process by the empty name, and its service by its own. */
export function addHealth(server: Server, name: string): { stop(): void } {
  const names = ["", fullName(name)];
  const health = new HealthImplementation(Object.fromEntries(names.map((name) => [name, "SERVING"])));
  health.addToServer(server);
  return { stop: () => names.forEach((name) => health.setStatus(name, "NOT_SERVING")) };
}

/** Adds reflection, so that grpcurl and the like know the service's RPCs. */
export async function addReflection(server: Server, name: string): Promise<void> {
  const [{ ReflectionService }, { loadSync }] = await Promise.all([
    import("@grpc/reflection"),
    import("@grpc/proto-loader"),
  ]);
  const description = loadSync(`nano/${name}/v1/${name}.proto`, { includeDirs: ["proto"], keepCase: true });
  new ReflectionService(description).addToServer(server);
}

function fullName(name: string): string {
  return `nano.${name}.v1.${name.charAt(0).toUpperCase()}${name.slice(1)}Service`;
}
