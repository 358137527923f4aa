import { cookie, cookieName, cookieOf, forget } from "./cookies.ts";
import { seal, unseal } from "./seal.ts";
import type { StoreNames } from "./own_stores.ts";
import type { Tokens } from "./types.ts";
import type { State } from "./utils.ts";

const NAME = "nano_session";
/** As long as the refresh token could live; the API ends it sooner. */
const MAX_AGE_S = 30 * 24 * 3600;
/** So many ids find room in the cookie. */
const MAX_STORES = 10;

/** The token pair that the cookie holds. There is no other session store: any replica serves any request. */
export interface Session {
  access_token: string;
  refresh_token: string;
  /** When the access token ends, in milliseconds. */
  expire_time: number;
  /** Whose it is; a cookie of the release before does not say. */
  user_id?: string;
  /** The stores that its user seemed to work for, to be asked for together with who it is. It gives no right. */
  stores?: StoreNames;
}

/** The session of a request's cookie; undefined if there is none that we sealed. */
export async function readSession(request: Request): Promise<Session | undefined> {
  const text = cookieOf(request, NAME);
  const value = text ? await unseal("session", text) : undefined;
  return isSession(value) ? value : undefined;
}

/** Signs in, or goes on with the next pair: the answer's cookie will hold it. */
export async function keepSession(state: State, tokens: Tokens): Promise<Session> {
  const { access_token, refresh_token, expires_in, user: { id: user_id, role, store_roles } } = tokens;
  const own = store_roles.length > MAX_STORES ? [] : store_roles.map(({ store_id }) => store_id);
  const stores: StoreNames = role === "admin" ? "*" : own;
  const session = { access_token, refresh_token, expire_time: Date.now() + expires_in * 1000, user_id, stores };
  state.session = session;
  setOnce(state, cookie(NAME, await seal("session", session), MAX_AGE_S));
  return session;
}

/** Signs out: the answer's cookie will be empty. */
export function endSession(state: State): void {
  delete state.session;
  setOnce(state, forget(NAME));
}

/** The last word counts: one line per answer. */
function setOnce(state: State, line: string): void {
  state.cookies = [...state.cookies.filter((other) => !other.startsWith(`${cookieName(NAME)}=`)), line];
}

function isSession(value: unknown): value is Session {
  return typeof value === "object" && value !== null && "access_token" in value && "refresh_token" in value &&
    "expire_time" in value;
}
