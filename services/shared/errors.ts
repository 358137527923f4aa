import { status } from "@grpc/grpc-js";

/**
 * What kind of refusal an error is: its gRPC status and its HTTP status. This is the one map between the three, and
 * it goes both ways. It follows google/rpc/code.proto but for 402 and 422, which gRPC lacks.
 */
export const ERROR_KINDS = {
  invalid: { grpc: status.INVALID_ARGUMENT, http: 400 },
  unauthenticated: { grpc: status.UNAUTHENTICATED, http: 401 },
  declined: { grpc: status.FAILED_PRECONDITION, http: 402 },
  forbidden: { grpc: status.PERMISSION_DENIED, http: 403 },
  not_found: { grpc: status.NOT_FOUND, http: 404 },
  conflict: { grpc: status.ABORTED, http: 409 },
  // `slow` and `url_too_long` are the gateway's own: they never cross gRPC.
  slow: { grpc: status.CANCELLED, http: 408 },
  too_large: { grpc: status.UNKNOWN, http: 413 },
  url_too_long: { grpc: status.ALREADY_EXISTS, http: 414 },
  unsupported_type: { grpc: status.UNIMPLEMENTED, http: 415 },
  unprocessable: { grpc: status.OUT_OF_RANGE, http: 422 },
  too_many: { grpc: status.RESOURCE_EXHAUSTED, http: 429 },
  internal: { grpc: status.INTERNAL, http: 500 },
  unavailable: { grpc: status.UNAVAILABLE, http: 503 },
  timeout: { grpc: status.DEADLINE_EXCEEDED, http: 504 },
} as const;

/** The name of a kind of refusal. */
export type ErrorKind = keyof typeof ERROR_KINDS;

/** What is wrong with one field: a JSON pointer, a stable code and a sentence. */
export interface FieldError {
  pointer: string;
  code: string;
  message: string;
}

/** What an error carries beyond its code and its sentence. */
export interface ErrorExtras {
  /** The fields at fault. */
  errors?: FieldError[];
  /** More members of the answer, such as `{ allowed: ["shipped"] }`. */
  members?: Record<string, unknown>;
  /** Seconds after which a retry makes sense. */
  retry_after?: number;
  /** Whether the error was stored under an idempotency key and is shown again. */
  replayed?: boolean;
  /** Whether the callee is of a release that does not know the RPC. */
  unknown_rpc?: boolean;
}

/** An error with a stable code that reaches the client as it is; every other error is a fault of ours. */
export class NanoError extends Error {
  override name = "NanoError";
  constructor(readonly kind: ErrorKind, readonly code: string, detail: string, readonly extras: ErrorExtras = {}) {
    super(detail);
  }
}

/** Invalid input: 400. With a pointer it names the field. */
export function invalid(code: string, detail: string, pointer?: string): NanoError {
  return new NanoError("invalid", code, detail, pointer ? { errors: [{ pointer, code, message: detail }] } : {});
}

/** There is no such thing, or none that the actor may see: 404. */
export function notFound(what: string): NanoError {
  return new NanoError("not_found", `${what}_not_found`, `There is no such ${what.replaceAll("_", " ")}.`);
}

/** What a look-up gives; undefined where there is no such thing. */
export async function unlessMissing<T>(lookUp: Promise<T>): Promise<T | undefined> {
  try {
    return await lookUp;
  } catch (error) {
    if (error instanceof NanoError && error.kind === "not_found") return undefined;
    throw error;
  }
}

/** The state of things does not allow it: 409. */
export function conflict(code: string, detail: string, members?: Record<string, unknown>): NanoError {
  return new NanoError("conflict", code, detail, members ? { members } : {});
}

/** The actor may not: 403. */
export function forbidden(detail = "This needs a permission that you do not have."): NanoError {
  return new NanoError("forbidden", "forbidden", detail);
}

/** Nobody has signed in, or the token is no good: 401. */
export function unauthenticated(code = "unauthenticated", detail = "Sign in first."): NanoError {
  return new NanoError("unauthenticated", code, detail);
}

/** Overload or a dependency that is away: 503, to be tried again. */
export function unavailable(detail = "The service is busy. Try again shortly.", retry_after = 1): NanoError {
  return new NanoError("unavailable", "unavailable", detail, { retry_after });
}

/** The deadline passed: 504. */
export function timedOut(): NanoError {
  return new NanoError("timeout", "deadline_exceeded", "The answer took too long.");
}

const AWAY = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ENOTFOUND",
  "57P01",
  "57P02",
  "57P03",
  "53300",
  "08006",
  "08001",
]);

/** What PostgreSQL says of values that it can't take: no UUID, no time, no such day, a NUL. */
const UNFIT = new Set(["22P02", "22007", "22008", "22021"]);

/**
 * Makes any thrown value a NanoError: database away is `unavailable`, a cancelled statement `timeout`, a value that
 * only the database found unfit `invalid`, the rest `internal`.
 */
export function toNanoError(error: unknown): NanoError {
  if (error instanceof NanoError) return error;
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === "string") {
    if (code === "57014") return timedOut();
    if (UNFIT.has(code)) return invalid("invalid_request", "The request holds a value that is not valid.");
    if (code === "55P03" || code === "40P01" || code === "40001" || AWAY.has(code)) return unavailable();
  }
  if (
    typeof message === "string" &&
    /timeout exceeded when trying to connect|timeout expired|Connection terminated|connection is closed/i.test(message)
  ) {
    return unavailable();
  }
  return new NanoError("internal", "internal", "Something went wrong on our side.");
}
