import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { Buffer } from "node:buffer";
import { Error as ErrorDetail } from "../../proto/gen/nano/common/v1/common.ts";
import { ERROR_KINDS, type ErrorKind, NanoError, timedOut, unavailable } from "./errors.ts";

/** Where it travels in the trailing metadata. */
const ERROR = "nano-error-bin";

const KIND_BY_STATUS = new Map<number, ErrorKind>(
  Object.entries(ERROR_KINDS).map(([kind, { grpc }]) => [grpc, kind as ErrorKind]),
);

/** An error as messages have it: the gRPC status, and what it says. */
export function packError(error: NanoError): { status: number; error: ErrorDetail } {
  const { errors = [], members, replayed = false, retry_after = 0 } = error.extras;
  return {
    status: ERROR_KINDS[error.kind].grpc,
    error: {
      reason: error.code.toUpperCase(),
      detail: error.message,
      errors,
      members_json: members ? JSON.stringify(members) : "",
      replayed,
      retry_after,
    },
  };
}

/** The error that was packed. */
export function unpackError(code: number, packed: ErrorDetail): NanoError {
  const { reason, detail, errors, members_json, replayed, retry_after } = packed;
  return new NanoError(KIND_BY_STATUS.get(code) ?? "internal", reason.toLowerCase(), detail, {
    ...(errors.length ? { errors } : {}),
    ...(members_json ? { members: JSON.parse(members_json) } : {}),
    ...(replayed ? { replayed } : {}),
    ...(retry_after ? { retry_after } : {}),
  });
}

/** The gRPC status of an error, its details in the trailing metadata. */
export function toStatus(error: NanoError): Partial<ServiceError> {
  const metadata = new Metadata();
  const packed = packError(error);
  metadata.set(ERROR, Buffer.from(ErrorDetail.encode(packed.error).finish()));
  return { code: packed.status, details: error.code, metadata };
}

/** The error that a gRPC status stands for. A status without a code counts as UNAVAILABLE. */
export function fromStatus(error: Pick<ServiceError, "code"> & Partial<Pick<ServiceError, "metadata">>): NanoError {
  const code = error.code ?? status.UNAVAILABLE;
  const packed = error.metadata?.get(ERROR)[0];
  if (packed instanceof Uint8Array) return unpackError(code, ErrorDetail.decode(packed));
  if (code === status.UNAVAILABLE || code === status.CANCELLED) return unavailable();
  if (code === status.DEADLINE_EXCEEDED) return timedOut();
  const extras = code === status.UNIMPLEMENTED ? { unknown_rpc: true } : {};
  return new NanoError("internal", "internal", "Something went wrong on our side.", extras);
}
