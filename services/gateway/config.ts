import { z } from "zod";
import {
  address,
  base,
  connectionSettings,
  jwtExpiration,
  jwtSecret,
  jwtSecretPrevious,
  redisUrl,
  tlsDir,
} from "../shared/config.ts";

const list = z.string().default("").transform((value) => value.split(/[\s,]+/).filter((part) => part !== ""));

const perMinute = z.coerce.number().int().min(1).max(1_000_000).optional();

/** Rate limits, each in requests per minute but where it says so; rate_limit.ts has what they are where unset. */
export const limitSettings = {
  /** Sign-ins to one account, and from one address. */
  RATE_LIMIT_LOGIN_ACCOUNT: perMinute,
  RATE_LIMIT_LOGIN_ADDRESS: perMinute,
  /** Registrations from one address. */
  RATE_LIMIT_REGISTER: perMinute,
  /** Mails asked for from one address (or invitations by one member of staff), and links opened from one address. */
  RATE_LIMIT_MAIL: perMinute,
  RATE_LIMIT_LINK: perMinute,
  /** Exports of all that is held about oneself, of one user in an hour. */
  RATE_LIMIT_EXPORT: perMinute,
  /** Orders and payments of one buyer. */
  RATE_LIMIT_CHECKOUT: perMinute,
  /** Reads and writes of one principal, over all gateways. */
  RATE_LIMIT_READ: perMinute,
  RATE_LIMIT_WRITE: perMinute,
  /** Writes and reads of all guests of one network. */
  RATE_LIMIT_GUEST_NETWORK: perMinute,
  RATE_LIMIT_GUEST_NETWORK_READ: perMinute,
  /** Tokens and keys that one network tries: those that are refused, and keys that were not good lately. */
  RATE_LIMIT_CREDENTIALS: perMinute,
  /** Writes of one member of staff, or of a key. */
  RATE_LIMIT_ADMIN: perMinute,
};

/** The settings of the gateway. */
export const settings = {
  ...base,
  ...connectionSettings,
  TLS_DIR: tlsDir,
  /** Redis for sessions and rate limits; without it both work locally. */
  REDIS_URL: redisUrl,
  /** The secret that access tokens are signed with. */
  JWT_SECRET: jwtSecret,
  /** Another secret whose tokens are taken too. */
  JWT_SECRET_PREVIOUS: jwtSecretPrevious,
  /** How long access tokens live, in seconds. */
  JWT_EXPIRATION: jwtExpiration,
  USER_SERVICE_URL: address,
  PRODUCT_SERVICE_URL: address,
  CART_SERVICE_URL: address,
  ORDER_SERVICE_URL: address,
  PAYMENT_SERVICE_URL: address,
  STORE_SERVICE_URL: address,
  /** Origins of browser storefronts, separated by commas; in development localhost is allowed too. */
  CORS_ORIGINS: list,
  /** The proxies, as CIDRs, whose X-Forwarded-For is believed. The console is believed anyway: it signs its own. */
  TRUSTED_PROXIES: list,
  /** Multiplies every rate limit; 0 turns them off. */
  RATE_LIMIT_SCALE: z.coerce.number().min(0).default(1),
  ...limitSettings,
};

/** The gateway's settings as it reads them. */
export type Config = z.infer<z.ZodObject<typeof settings>>;
