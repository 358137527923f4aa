import {
  type CallOptions,
  Client,
  credentials,
  type handleUnaryCall,
  Metadata,
  type MethodDefinition,
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceError,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { Buffer } from "node:buffer";
import { Actor, Error as ErrorDetail } from "../../proto/gen/nano/common/v1/common.ts";
import { ANONYMOUS, currentContext, withContext } from "./context.ts";
import { ERROR_KINDS, type ErrorKind, NanoError, timedOut, toNanoError, unavailable } from "./errors.ts";
import type { Log } from "./log.ts";
import { durations } from "./metrics.ts";

const REQUEST_ID = "x-request-id";
const ACTOR = "nano-actor-bin";
const ERROR = "nano-error-bin";
const MAX_REQUEST = 1024 * 1024;
const MAX_ANSWER = 8 * 1024 * 1024;
const MAX_CONCURRENT = 512;

/** The RPCs of a generated `…ServiceServer` as plain async functions; one shape for handlers and for clients. */
export type Rpcs<S> = {
  [K in keyof S as string extends K ? never : K]: S[K] extends handleUnaryCall<infer Q, infer A>
    ? (request: Q) => Promise<A>
    : never;
};

/** A generated `…ServiceService`. */
type Definition = Record<string, MethodDefinition<never, never>>;

const duration = durations("nano_rpc_duration_seconds", "Duration of RPCs served, by method and status.", [
  "method",
  "status",
]);

/**
 * Makes a gRPC server of plain handlers. Each call runs in the context of its request: id, actor, deadline. A call
 * without a deadline is refused; so is one over the limit of concurrent calls, with UNAVAILABLE.
 */
export function createServer<S>(definition: Record<keyof Rpcs<S>, unknown>, handlers: Rpcs<S>, log: Log): Server {
  const server = new Server({
    "grpc.max_receive_message_length": MAX_REQUEST,
    "grpc.max_send_message_length": MAX_ANSWER,
    "grpc.max_connection_age_ms": 5 * 60_000,
    "grpc.max_connection_age_grace_ms": 15_000,
  });
  let underWay = 0;
  const wrap =
    (name: string, handle: (request: unknown) => Promise<unknown>) =>
    async (call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>) => {
      const end = duration.startTimer({ method: name });
      const deadline = Number(call.getDeadline());
      const request_id = text(call.metadata, REQUEST_ID) ?? crypto.randomUUID();
      try {
        if (!Number.isFinite(deadline)) {
          throw new NanoError("invalid", "deadline_required", "A call must have a deadline.");
        }
        if (underWay >= MAX_CONCURRENT) throw unavailable();
        underWay++;
        try {
          const context = { request_id, actor: actorOf(call.metadata), deadline };
          const answer = await withContext(context, () => handle(call.request));
          callback(null, answer);
          end({ status: "OK" });
        } finally {
          underWay--;
        }
      } catch (thrown) {
        const error = toNanoError(thrown);
        const facts = { err: thrown, method: name, http: { request: { id: request_id } } };
        if (error.kind === "internal") log.error(facts, "an RPC failed");
        else log.debug(facts, "an RPC was refused");
        callback(toStatus(error));
        end({ status: status[ERROR_KINDS[error.kind].grpc] ?? "UNKNOWN" });
      }
    };
  const implementation: UntypedServiceImplementation = {};
  for (const [name, handle] of Object.entries(handlers)) {
    implementation[name] = wrap(name, handle as (request: unknown) => Promise<unknown>);
  }
  server.addService(definition as never, implementation);
  return server;
}

/** Binds a server to its port. */
export function listen(server: Server, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(
      address,
      ServerCredentials.createInsecure(),
      (error, port) => error ? reject(error) : resolve(port),
    );
  });
}

/** Lets calls under way end, at most so long (tryShutdown alone may never call back), then cuts them. */
export function stopServer(server: Server, milliseconds = 10_000): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, milliseconds);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/**
 * A client of a neighbour: the RPCs as async functions that throw NanoError. Each call carries the request's id, its
 * actor and what is left of its deadline. Reads, and the writes named in `keyed` (idempotent ones), are tried again
 * on UNAVAILABLE, at most 3 times and throttled.
 */
export function connect<S>(
  definition: Record<keyof Rpcs<S>, unknown>,
  address: string,
  keyed: (keyof Rpcs<S>)[] = [],
): Rpcs<S> & { close(): void } {
  const methods = definition as unknown as Definition;
  const client = new Client(address, credentials.createInsecure(), {
    "grpc.max_receive_message_length": MAX_ANSWER,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 1000,
    "grpc.service_config": serviceConfig(methods, keyed as string[]),
  });
  const calls: Record<string, unknown> = { close: () => client.close() };
  for (const [name, method] of Object.entries(methods)) {
    calls[name] = (request: never) =>
      new Promise((resolve, reject) => {
        const context = currentContext();
        if (!context) {
          return reject(
            new Error(`Cannot call ${method.path} outside of a request or job: it would have no deadline.`),
          );
        }
        if (context.deadline <= Date.now()) return reject(timedOut());
        const options: CallOptions = { deadline: context.deadline };
        client.makeUnaryRequest(
          method.path,
          method.requestSerialize,
          method.responseDeserialize,
          request,
          metadataOf(context),
          options,
          (error, answer) => {
            if (error) reject(fromStatus(error));
            else resolve(answer);
          },
        );
      });
  }
  return calls as Rpcs<S> & { close(): void };
}

function serviceConfig(methods: Definition, keyed: string[]): string {
  const names = Object.entries(methods).filter(([name]) => /^(get|list|check)[A-Z]/.test(name) || keyed.includes(name));
  const retryPolicy = {
    maxAttempts: 3,
    initialBackoff: "0.05s",
    maxBackoff: "0.5s",
    backoffMultiplier: 2,
    retryableStatusCodes: ["UNAVAILABLE"],
  };
  return JSON.stringify({
    loadBalancingConfig: [{ round_robin: {} }],
    methodConfig: [{
      name: names.map(([, { path }]) => ({ service: path.split("/")[1], method: path.split("/")[2] })),
      retryPolicy,
    }],
    retryThrottling: { maxTokens: 10, tokenRatio: 0.1 },
  });
}

function metadataOf(context: { request_id: string; actor: Actor }): Metadata {
  const metadata = new Metadata();
  metadata.set(REQUEST_ID, context.request_id);
  metadata.set(ACTOR, Buffer.from(Actor.encode(context.actor).finish()));
  return metadata;
}

function text(metadata: Metadata, name: string): string | undefined {
  const value = metadata.get(name)[0];
  return typeof value === "string" ? value : undefined;
}

function actorOf(metadata: Metadata): Actor {
  const value = metadata.get(ACTOR)[0];
  return value instanceof Uint8Array ? Actor.decode(value) : ANONYMOUS;
}

/** The gRPC status of an error, its details in the trailing metadata. */
function toStatus(error: NanoError): Partial<ServiceError> {
  const metadata = new Metadata();
  const { errors = [], members, replayed = false, retry_after = 0 } = error.extras;
  const detail = {
    reason: error.code.toUpperCase(),
    detail: error.message,
    errors,
    members_json: members ? JSON.stringify(members) : "",
    replayed,
    retry_after,
  };
  metadata.set(ERROR, Buffer.from(ErrorDetail.encode(detail).finish()));
  return { code: ERROR_KINDS[error.kind].grpc, details: error.code, metadata };
}

const KIND_BY_STATUS = new Map<number, ErrorKind>(
  Object.entries(ERROR_KINDS).map(([kind, { grpc }]) => [grpc, kind as ErrorKind]),
);

/** The error that a gRPC status stands for. A status without a code counts as UNAVAILABLE. */
function fromStatus(error: ServiceError): NanoError {
  const packed = error.metadata?.get(ERROR)[0];
  const kind = KIND_BY_STATUS.get(error.code ?? status.UNAVAILABLE) ?? "internal";
  if (packed instanceof Uint8Array) {
    const { reason, detail, errors, members_json, replayed, retry_after } = ErrorDetail.decode(packed);
    return new NanoError(kind, reason.toLowerCase(), detail, {
      ...(errors.length ? { errors } : {}),
      ...(members_json ? { members: JSON.parse(members_json) } : {}),
      ...(replayed ? { replayed } : {}),
      ...(retry_after ? { retry_after } : {}),
    });
  }
  if (kind === "unavailable" || error.code === status.CANCELLED) return unavailable();
  if (kind === "timeout") return timedOut();
  return new NanoError("internal", "internal", "Something went wrong on our side.");
}
