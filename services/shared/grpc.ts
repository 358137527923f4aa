import {
  Client,
  credentials,
  experimental,
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
import { Actor } from "../../proto/gen/nano/common/v1/common.ts";
import "./coalesce.ts";
import { ANONYMOUS, type Context, currentContext, withContext } from "./context.ts";
import { fromStatus, toStatus } from "./error_details.ts";
import { forbidden, NanoError, timedOut, toNanoError } from "./errors.ts";
import { type Identity, ownIdentity, peerName } from "./identity.ts";
import { isId, lowerIds } from "./ids.ts";
import type { Log } from "./log.ts";
import { overloaded } from "./overload.ts";
import { mayCall, served } from "./peers.ts";
import { calledBy, servedBy, traceparentOf } from "./rpc_telemetry.ts";
import { tracing, withoutSpans } from "./trace.ts";

const REQUEST_ID = "x-request-id";
const ACTOR = "nano-actor-bin";
const NETWORK = "nano-network";
const MAX_REQUEST = 1024 * 1024;
const MAX_ANSWER = 8 * 1024 * 1024;
const MAX_CONCURRENT = 512;
/** gRPC's own statistics of each call, which nobody reads: rpc_telemetry.ts has ours. */
const WITHOUT_CHANNELZ = { "grpc.enable_channelz": 0 };

/** The RPCs of a generated `…ServiceServer` as plain async functions; one shape for handlers and for clients. */
export type Rpcs<S> = {
  [K in keyof S as string extends K ? never : K]: S[K] extends handleUnaryCall<infer Q, infer A>
    ? (request: Q) => Promise<A>
    : never;
};

/** A generated `…ServiceService`. */
type Definition = Record<string, MethodDefinition<never, never>>;

/** How many calls each server has under way, with or without a caller who waits. */
const CALLS = new WeakMap<Server, { underWay: number }>();

/**
 * Makes a gRPC server of plain handlers. Each call runs in the context of its request: id, actor, deadline. A call
 * without a deadline is refused; so is one over the limit of concurrent calls, with UNAVAILABLE; and, where there are
 * certificates, one of a peer that the table does not let. Handlers get ids in lower case.
 */
export function createServer<S>(
  definition: Record<keyof Rpcs<S>, unknown>,
  handlers: Rpcs<S>,
  log: Log,
  identity: Identity | undefined = ownIdentity(),
): Server {
  const server = new Server({
    ...WITHOUT_CHANNELZ,
    "grpc.max_receive_message_length": MAX_REQUEST,
    "grpc.max_send_message_length": MAX_ANSWER,
    "grpc.max_connection_age_ms": 5 * 60_000,
    "grpc.max_connection_age_grace_ms": 15_000,
  });
  const calls = { underWay: 0 };
  CALLS.set(server, calls);
  const wrap = (name: string, handle: (request: unknown) => Promise<unknown>) => {
    const { path } = definition[name as keyof Rpcs<S>] as { path: string };
    const serve = serving(name, path, log);
    return (call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>) => {
      const deadline = Number(call.getDeadline());
      const request_id = text(call.metadata, REQUEST_ID) ?? crypto.randomUUID();
      const network = text(call.metadata, NETWORK) ?? "";
      const store = storeOf(call.request);
      const traceparent = traceparentOf(call.metadata);
      const context: Context = { request_id, actor: ANONYMOUS, deadline, network, store, traceparent };
      const work = async () => {
        if (identity?.certificates) refuseStrangers(call, path);
        if (!Number.isFinite(deadline)) {
          throw new NanoError("invalid", "deadline_required", "A call must have a deadline.");
        }
        if (calls.underWay > MAX_CONCURRENT) throw overloaded("calls");
        context.actor = actorOf(call.metadata);
        lowerIds(call.request as object);
        return await handle(call.request);
      };
      const answer = (error?: NanoError, value?: unknown) => error ? callback(toStatus(error)) : callback(null, value);
      calls.underWay++;
      return serve(context, work, answer).finally(() => calls.underWay--);
    };
  };
  const implementation: UntypedServiceImplementation = {};
  for (const [name, handle] of Object.entries(handlers)) {
    implementation[name] = wrap(name, handle as (request: unknown) => Promise<unknown>);
  }
  server.addService(definition as never, implementation);
  return server;
}

/** Serves requests of a method, each in its context and a span of its own, and counts, times and logs how it went. */
export function serving(name: string, path: string, log: Log) {
  const serve = servedBy(name, path, log);
  return <A>(context: Context, work: () => Promise<A>, answer: (error?: NanoError, value?: A) => void) =>
    withContext(context, () =>
      serve(context.traceparent, async (done) => {
        try {
          answer(undefined, await work());
          done();
        } catch (thrown) {
          const error = toNanoError(thrown);
          if (error.kind === "internal") log.error({ err: thrown, rpc: { method: name } }, "an RPC failed");
          else log.debug({ err: thrown, rpc: { method: name } }, "an RPC was refused");
          answer(error);
          done(error, thrown);
        }
      }));
}

/** Refuses a peer whose certificate names nobody that may call this. */
function refuseStrangers(call: ServerUnaryCall<unknown, unknown>, path: string): void {
  const peer = peerName(call.getAuthContext() ?? {});
  if (!peer || !mayCall(peer, path)) throw forbidden();
}

/** Binds a server to its port: by mutual TLS where there are certificates. */
export function listen(
  server: Server,
  address: string,
  { certificates }: Partial<Identity> = ownIdentity() ?? {},
): Promise<number> {
  const security = certificates
    ? experimental.createCertificateProviderServerCredentials(certificates, certificates, true)
    : ServerCredentials.createInsecure();
  return new Promise((resolve, reject) => {
    server.bindAsync(address, security, (error, port) => error ? reject(error) : resolve(port));
  });
}

/** Lets calls under way end, at most so long (tryShutdown alone may never call back), then cuts them. */
export async function stopServer(server: Server, milliseconds = 10_000): Promise<void> {
  const end = Date.now() + milliseconds;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, milliseconds);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
  // Callers may be gone before their calls are done: what they asked for still needs the database and the cache.
  while ((CALLS.get(server)?.underWay ?? 0) > 0 && Date.now() < end) await new Promise((next) => setTimeout(next, 10));
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
  identity: Identity | undefined = ownIdentity(),
): Rpcs<S> & { close(): void } {
  const methods = definition as unknown as Definition;
  // Of several addresses gRPC makes the subchannels of one channel; a name it looks up for all that it stands for.
  const target = address.includes(",") ? `ipv4:${address}` : address;
  const client = new Client(target, securityOf(identity), {
    ...(identity?.certificates ? { "grpc.ssl_target_name_override": calleeOf(methods) } : {}),
    ...WITHOUT_CHANNELZ,
    "grpc.max_receive_message_length": MAX_ANSWER,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 1000,
    "grpc.service_config": serviceConfig(methods, keyed as string[]),
  });
  const channel = client.getChannel();
  const calls: Record<string, unknown> = { close: () => client.close() };
  for (const [name, method] of Object.entries(methods)) {
    const begin = calledBy(name, method.path);
    const allowed = !identity || mayCall(identity.name, method.path);
    calls[name] = (request: never) =>
      new Promise((resolve, reject) => {
        const context = currentContext();
        if (!context) {
          return reject(
            new Error(`Cannot call ${method.path} outside of a request or job: it would have no deadline.`),
          );
        }
        if (context.deadline <= Date.now()) return reject(timedOut());
        if (!allowed) return reject(new Error(`Cannot call ${method.path} as peers.ts does not let ${identity.name}.`));
        const metadata = metadataOf(context);
        const ended = begin(context, metadata);
        const send = () =>
          callOnce(channel, method, request, metadata, context.deadline, (error, answer) => {
            ended(error);
            if (error) reject(fromStatus(error));
            else resolve(answer);
          });
        if (tracing) withoutSpans(send);
        else send();
      });
  }
  return calls as Rpcs<S> & { close(): void };
}

/** What is read of a status that is no success. */
type Failure = Pick<ServiceError, "code"> & Partial<Pick<ServiceError, "metadata">>;

/**
 * One call of one message each way: Client.makeUnaryRequest without what it makes for each call that nobody here uses, an
 * event emitter, interceptors, and an Error with the caller's stack; they were a tenth of what a call cost the caller.
 */
function callOnce<Q, A>(
  channel: ReturnType<Client["getChannel"]>,
  { path, requestSerialize, responseDeserialize }: MethodDefinition<Q, A>,
  request: Q,
  metadata: Metadata,
  deadline: number,
  done: (error: Failure | null, answer?: A) => void,
): void {
  let message: Buffer;
  try {
    message = requestSerialize(request);
  } catch {
    return done({ code: status.INTERNAL });
  }
  const call = channel.createCall(path, deadline, null, null, null);
  let answers = 0;
  let answer: A | undefined;
  let fault: Failure | undefined;
  const refuse = (code: status, details: string) => {
    fault ??= { code };
    call.cancelWithStatus(code, details);
  };
  call.start(metadata, {
    onReceiveMetadata() {},
    onReceiveMessage(message) {
      if (answers++ > 0) return refuse(status.UNIMPLEMENTED, "Too many responses received");
      try {
        answer = responseDeserialize(message);
      } catch {
        refuse(status.INTERNAL, "Response message parsing error");
      }
    },
    onReceiveStatus(ended) {
      const error = fault ?? (ended.code === status.OK ? undefined : ended);
      if (error) done(error);
      else if (answers === 0) done({ code: status.UNIMPLEMENTED });
      else done(null, answer);
    },
  });
  call.startRead();
  call.sendMessageWithContext({}, message);
  call.halfClose();
}

/** What a client shows and believes: its certificate, and one that names the very process that it means to call. */
function securityOf(identity: Identity | undefined) {
  if (!identity?.certificates) return credentials.createInsecure();
  return experimental.createCertificateProviderChannelCredentials(identity.certificates, identity.certificates, {});
}

/** The process that serves these RPCs: its certificate must say so, whatever the address. */
function calleeOf(methods: Definition): string {
  return served(Object.values(methods)[0]?.path ?? "").callee;
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

function metadataOf(context: { request_id: string; actor: Actor; network?: string }): Metadata {
  const metadata = new Metadata();
  metadata.set(REQUEST_ID, context.request_id);
  if (context.network) metadata.set(NETWORK, context.network);
  metadata.set(ACTOR, packed(context.actor));
  return metadata;
}

/** Actors as they travel: who acts is the same for all the calls of a request, and never changed. */
const PACKED = new WeakMap<Actor, Buffer>();

function packed(actor: Actor): Buffer {
  let bytes = PACKED.get(actor);
  if (!bytes) PACKED.set(actor, bytes = Buffer.from(Actor.encode(actor).finish()));
  return bytes;
}

/** The store that a request names, for the log. */
function storeOf(request: unknown): string | undefined {
  const { store_id } = request as { store_id?: unknown };
  return typeof store_id === "string" && isId(store_id) ? store_id : undefined;
}

function text(metadata: Metadata, name: string): string | undefined {
  const value = metadata.get(name)[0];
  return typeof value === "string" ? value : undefined;
}

function actorOf(metadata: Metadata): Actor {
  const value = metadata.get(ACTOR)[0];
  if (!(value instanceof Buffer)) return ANONYMOUS;
  const actor = Actor.decode(value);
  PACKED.set(actor, value);
  return actor;
}
