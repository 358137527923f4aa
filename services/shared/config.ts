import { z } from "zod";
import { weakness } from "./weakness.ts";

const port = z.coerce.number().int().min(1).max(65535);

/** A switch, off unless it is set. */
export const flag = z.enum(["true", "false", "1", "0"], "must be true or false").default("false")
  .transform((value) => value === "true" || value === "1");

/** The settings that every process reads. */
export const base = {
  /** "production" takes no default secrets and no development helpers. */
  ENVIRONMENT: z.enum(["development", "production"]).default("development"),
  /** The least level that is logged. */
  LOG_LEVEL: z.enum(["DEBUG", "INFO", "WARNING", "ERROR"]).default("INFO"),
  /** Logs everything, with statement names and the stacks of refusals; never adds to answers. Refused in production. */
  DEBUG: flag,
  /** The address to listen on. */
  HOST: z.string().default("0.0.0.0"),
  /** The port for requests: gRPC for services, HTTP for the gateway. */
  PORT: port,
  /** The port for health and metrics over HTTP. */
  HTTP_PORT: port,
};

/** Redis; without it a process runs uncached. */
export const redisUrl = z.url({ protocol: /^rediss?$/ }).optional();

/** How long access tokens live, in seconds. */
export const jwtExpiration = z.coerce.number().int().min(30).max(86_400).default(600);

/**
 * The folder of this process's `ca.crt`, `tls.crt` and `tls.key`: with it every call between processes is mutual TLS.
 * Without it their network must be trusted.
 */
export const tlsDir = z.string().regex(/^[^,]+$/, "must be a folder, without a comma in its name").optional();

/** The settings of a service that owns data. */
export const data = {
  ...base,
  TLS_DIR: tlsDir,
  /** PostgreSQL, with the service's own role. */
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
  /** PostgreSQL past a PgBouncer, for LISTEN. */
  DATABASE_DIRECT_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
};

/** A neighbour's gRPC address, `host:port`, or those of its replicas with commas between. */
export const address = z.string().regex(/^[^\s/:,]+:\d+(,[^\s/:,]+:\d+)*$/, "must be host:port");

/** A secret that nobody guesses: at least 32 characters, 12 of them different, and no example's. */
export const jwtSecret = z.string().superRefine((value, context) => {
  const reason = weakness(value);
  if (reason) context.addIssue({ code: "custom", message: `must be random: ${reason}` });
});

/**
 * Another secret whose tokens, and console cookies, are taken too: the one before, so that a new JWT_SECRET signs nobody
 * out; or the next one, while not every process has it yet.
 */
export const jwtSecretPrevious = jwtSecret.optional();

/** What bounds the connections of a public port. */
export const connectionSettings = {
  /**
   * How many may be open, at 31 KB each. One more takes the place of the one that has waited longest; where all are
   * being answered it is refused.
   */
  CONNECTION_LIMIT: z.coerce.number().int().min(1).max(1_000_000).default(5_000),
  /** How long a new one may take to send its first request's headers, in seconds. */
  CONNECTION_HEAD_SECONDS: z.coerce.number().min(1).max(600).default(10),
  /** How long one may rest between requests, or leave an answer untaken, in seconds. */
  CONNECTION_IDLE_SECONDS: z.coerce.number().min(1).max(3_600).default(75),
};

/** The settings of connections as they are read. */
export type ConnectionBounds = z.infer<z.ZodObject<typeof connectionSettings>>;

/** Reads settings by their schema. Throws an Error that names each variable at fault; an empty variable counts as unset. */
export function readConfig<Shape extends z.ZodRawShape>(
  shape: Shape,
  get: (name: string) => string | undefined = (name) => Deno.env.get(name),
): z.infer<z.ZodObject<Shape>> {
  const names = Object.keys(shape);
  const result = z.object(shape).safeParse(Object.fromEntries(names.map((name) => [name, get(name) || undefined])));
  if (result.success) {
    const { ENVIRONMENT, DEBUG } = result.data as { ENVIRONMENT?: string; DEBUG?: boolean };
    if (ENVIRONMENT === "production" && DEBUG) throw new Error("Cannot start as DEBUG must not be true in production.");
    return result.data;
  }
  const faults = result.error.issues.map((issue) => {
    const name = String(issue.path[0]);
    return get(name) ? `${name}: ${issue.message}` : `${name} is required`;
  });
  throw new Error(`Cannot start as settings are wrong: ${faults.join("; ")}.`);
}
