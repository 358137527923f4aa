import type { Context } from "@hono/hono";
import type { ApiKey, Session } from "../../proto/gen/nano/user/v1/user.ts";

/** What the middleware leaves on Hono's context. */
export interface Env {
  Variables: {
    request_id: string;
    /** The client's address, past the trusted proxies. */
    address: string;
    /** The signed-in user's session. */
    session?: Session;
    /** The API key of the request. */
    key?: ApiKey;
    /** The id of the request's store, once it was asked for: for the log. */
    store?: string;
    /** The size of the answer's body, where it is known: for the log. */
    bytes?: number;
    /** Whether the body's bytes are UTF-8; unset without a body. */
    utf8?: boolean;
  };
}

/** Hono's context with what our middleware leaves on it. */
export type RequestContext = Context<Env>;
