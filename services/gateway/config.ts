import { z } from "zod";
import { address, base, jwtExpiration, jwtSecret, redisUrl } from "../shared/config.ts";

const list = z.string().default("").transform((value) => value.split(/[\s,]+/).filter((part) => part !== ""));

/** The settings of the gateway. */
export const settings = {
  ...base,
  /** Redis for sessions and rate limits; without it both work locally. */
  REDIS_URL: redisUrl,
  /** The secret that access tokens are signed with. */
  JWT_SECRET: jwtSecret,
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
  /** The proxies, as CIDRs, whose X-Forwarded-For is believed. */
  TRUSTED_PROXIES: list,
  /** Multiplies every rate limit; 0 turns them off. */
  RATE_LIMIT_SCALE: z.coerce.number().min(0).default(1),
};

/** The gateway's settings as it reads them. */
export type Config = z.infer<z.ZodObject<typeof settings>>;
