import { ERROR_KINDS, type NanoError } from "./errors.ts";

/** An error as RFC 9457 has it, with the platform's stable `code` and the request's id. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  code: string;
  request_id: string;
  errors?: { pointer: string; code: string; message: string }[];
}

const TITLES: Record<number, string> = {
  400: "Bad request",
  401: "Not signed in",
  402: "Payment declined",
  403: "Forbidden",
  404: "Not found",
  409: "Conflict",
  408: "Too slow",
  413: "Too large",
  414: "URL too long",
  415: "Unsupported media type",
  422: "Unprocessable",
  429: "Too many requests",
  500: "Internal error",
  503: "Unavailable",
  504: "Timed out",
};

/** The one map from errors to HTTP. A 5xx says nothing more than its request id. */
export function toProblem(error: NanoError, instance: string, request_id: string): Problem & Record<string, unknown> {
  const status = ERROR_KINDS[error.kind].http;
  const common = {
    type: `urn:nano:error:${error.code}`,
    title: TITLES[status] ?? "Error",
    status,
    detail: error.message,
    instance,
    code: error.code,
    request_id,
  };
  return {
    ...common,
    ...(status < 500 ? error.extras.members : {}),
    // Once more, so that no member replaces what every problem has; the order stays.
    ...common,
    ...(status < 500 && error.extras.errors ? { errors: error.extras.errors } : {}),
  };
}
