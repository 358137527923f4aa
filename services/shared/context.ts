import { AsyncLocalStorage } from "node:async_hooks";
import type { Actor } from "../../proto/gen/nano/common/v1/common.ts";

/** What belongs to the request or job under way and follows it through every call. */
export interface Context {
  request_id: string;
  actor: Actor;
  /** When the answer must be there, in milliseconds since the epoch. */
  deadline: number;
  /** The W3C trace context that came with it, where one did; spans of our own are OpenTelemetry's to know. */
  traceparent?: string | undefined;
  /** The id of the store that it is about, once that is known: for the log. */
  store?: string | undefined;
  /** The network that the client asks from, never its whole address; unset for jobs. For the audit log. */
  network?: string;
}

const storage = new AsyncLocalStorage<Context>();

/** Somebody who has not signed in and has no cart. */
export const ANONYMOUS: Actor = { kind: "anonymous", store_roles: [] };

/** The platform itself, as jobs and services act. */
export const SYSTEM: Actor = { kind: "service", store_roles: [] };

/** Runs a function as part of a request or job. */
export function withContext<T>(context: Context, run: () => T): T {
  return storage.run(context, run);
}

/** The context of the request or job under way, if any. */
export function currentContext(): Context | undefined {
  return storage.getStore();
}

/** Milliseconds left until the deadline, at least 0; `otherwise` outside of any request. */
export function remainingTime(otherwise: number): number {
  const context = storage.getStore();
  return context ? Math.max(0, context.deadline - Date.now()) : otherwise;
}

/** Runs a function with less time than the request has, or, outside of any request, as the system with that time. */
export function withTimeout<T>(milliseconds: number, run: () => T): T {
  const context = storage.getStore() ?? { request_id: crypto.randomUUID(), actor: SYSTEM, deadline: Infinity };
  return storage.run({ ...context, deadline: Math.min(context.deadline, Date.now() + milliseconds) }, run);
}

/** Runs a function as the platform itself with time of its own: what cleans up after a request, whose time may be over. */
export function withOwnTime<T>(milliseconds: number, run: () => T): T {
  const request_id = storage.getStore()?.request_id ?? crypto.randomUUID();
  return storage.run({ request_id, actor: SYSTEM, deadline: Date.now() + milliseconds }, run);
}

/** Runs a function as the platform itself, within the same request and deadline. */
export function asSystem<T>(run: () => T): T {
  const context = storage.getStore();
  return context ? storage.run({ ...context, actor: SYSTEM }, run) : withTimeout(10_000, run);
}
