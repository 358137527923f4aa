import { z } from "zod";

const port = z.coerce.number().int().min(1).max(65535);

/** The settings that every process reads. */
export const base = {
  /** "production" takes no default secrets and no development helpers. */
  ENVIRONMENT: z.enum(["development", "production"]).default("development"),
  /** The least level that is logged. */
  LOG_LEVEL: z.enum(["DEBUG", "INFO", "WARNING", "ERROR"]).default("INFO"),
  /** Logs everything, with statement names and the stacks of refusals; never adds to answers. Refused in production. */
  DEBUG: z.enum(["true", "false"]).default("false").transform((value) => value === "true"),
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

/** The settings of a service that owns data. */
export const data = {
  ...base,
  /** PostgreSQL, with the service's own role. */
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
  /** PostgreSQL past a PgBouncer, for LISTEN. */
  DATABASE_DIRECT_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
};

/** A neighbour's gRPC address, `host:port`. */
export const address = z.string().regex(/^[^\s/:]+:\d+$/, "must be host:port");

/** The secret that signs access tokens: at least 32 characters, 12 of them different. */
export const jwtSecret = z.string().min(32, "must have at least 32 characters")
  .refine((value) => new Set(value).size >= 12, "must be random: it has too few different characters");

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
