import { createMiddleware } from "@hono/hono/factory";
import type { ApiKey, Session } from "../../proto/gen/nano/user/v1/user.ts";
import { currentActor, isStaff } from "../shared/auth.ts";
import { currentContext } from "../shared/context.ts";
import { forbidden, NanoError, unauthenticated } from "../shared/errors.ts";
import { sha256 } from "../shared/ids.ts";
import { type ApiKeys, isApiKey } from "./api_keys.ts";
import type { Env, RequestContext } from "./env.ts";
import type { RateLimits } from "./rate_limit.ts";
import type { Sessions } from "./session.ts";
import { storeNamed, type Stores } from "./stores.ts";

const TOKEN = /^[\w-]{43}$/;
const OPEN = new Set([
  "/auth/register",
  "/auth/login",
  "/auth/refresh",
  "/auth/forgot-password",
  "/auth/reset-password",
  "/auth/verify-email",
]);
/** Where payment providers send their webhooks. */
const PROVIDERS = "/payments/webhooks/";
/** What only people have: a machine signs in nowhere, has no profile and no cart. */
const PEOPLE = /^\/(auth|cart|users\/me)(\/|$)/;
/** What staff reach who must set up a second factor first: the own profile, and the way out. */
const ENROLMENT = /^\/(auth\/.*|users\/me(\/(totp|sessions)(\/.*)?)?)$/;

/** What tells who asks. */
interface IdentityDeps {
  sessions: Sessions;
  keys: ApiKeys;
  limits: Pick<RateLimits, "takeNetwork">;
}

/**
 * Finds out who asks: the session of the bearer token, the API key, the guest of X-Cart-Token, or several of them. What
 * it refuses meets no other limit, so it counts that by network: a made-up key costs a question to Redis and PostgreSQL.
 */
export async function identify(c: RequestContext, { sessions, keys, limits }: IdentityDeps): Promise<void> {
  const context = currentContext();
  // A provider signs its bytes, whatever else it sends.
  if (!context || c.req.path.startsWith(PROVIDERS)) return;

  const authorization = c.req.header("Authorization");
  const bearer = bearerOf(c);
  const given = keyGiven(c);
  const tried = () => limits.takeNetwork(c, "credentials");
  const key = given === undefined ? undefined : await keys.check(given, tried);
  if (key) c.set("key", key);
  if (key?.kind === "secret") {
    if (given !== bearer && authorization !== undefined) {
      await tried();
      throw oneIdentity();
    }
    context.actor = actorOf(key);
    return;
  }

  const guest = c.req.header("X-Cart-Token");
  const guest_hash = guest && TOKEN.test(guest) ? { guest_hash: await sha256(guest) } : {};
  // A client that signs in may still send the token that has ended. A publishable key says where, not who.
  if (authorization === undefined || OPEN.has(c.req.path) || (key && given === bearer)) {
    if (guest_hash.guest_hash) context.actor = { kind: "guest", store_roles: [], ...guest_hash };
    return;
  }
  const session = await sessionOf(bearer, sessions).catch(async (error: unknown) => {
    if (error instanceof NanoError && error.kind === "unauthenticated") await tried();
    throw error;
  });
  c.set("session", session);
  const { user_id, role, store_roles, email } = session;
  const person = { kind: "user", user_id, role, store_roles, email, session_id: session.id, ...guest_hash };
  const step_up = { step_up: true, step_up_refund_over: session.step_up_refund_amount ?? 0 };
  context.actor = isStaff(person) && needsStepUp(session) ? { ...person, ...step_up } : person;
}

/** The API key that a request carries, whatever it may be worth. */
export function keyGiven(c: RequestContext): string | undefined {
  const bearer = bearerOf(c);
  return c.req.header("X-Api-Key") ?? (bearer && isApiKey(bearer) ? bearer : undefined);
}

/**
 * Refuses, on every route and once the request was counted, whom `identify` found where he has no business: a key in
 * another store than its own, a secret one at what people have, staff who must set up a second factor first.
 */
export function admit(stores: Stores) {
  return createMiddleware<Env>(async (c, next) => {
    const { key, session } = c.var;
    if (key && storeNamed(c)) await stores.of(c);
    if (key?.kind === "secret" && PEOPLE.test(c.req.path)) throw forbidden("This is for people, not for API keys.");
    if (session?.totp_required && !session.totp && isStaff(currentActor()) && !ENROLMENT.test(c.req.path)) {
      throw totpEnrolmentRequired();
    }
    await next();
  });
}

function bearerOf(c: RequestContext): string | undefined {
  return /^Bearer +([\w.~+/=-]+)$/i.exec(c.req.header("Authorization") ?? "")?.[1];
}

async function sessionOf(bearer: string | undefined, sessions: Sessions): Promise<Session> {
  if (!bearer) throw unauthenticated("invalid_token", "The Authorization header must be a bearer token.");
  return await sessions.check(bearer);
}

function actorOf({ id, store_id, scopes }: ApiKey) {
  return { kind: "api_key", store_roles: [], api_key: { id, store_id, scopes } };
}

/** Whether who has a second factor, or as staff must have one, has not confirmed within the last minutes. */
function needsStepUp(session: Session): boolean {
  return Boolean(session.totp || session.totp_required) && (session.confirmed_until ?? 0) <= Date.now();
}

function oneIdentity(): NanoError {
  return unauthenticated("invalid_token", "Send a secret key or an access token, not both.");
}

function totpEnrolmentRequired(): NanoError {
  const detail = "The operator requires a second factor of staff: set it up first, POST /users/me/totp.";
  return new NanoError("forbidden", "totp_enrolment_required", detail);
}
