import { z } from "zod";
import { address, base, jwtSecret } from "../shared/config.ts";

const list = z.string().default("").transform((value) => value.split(/[\s,]+/).filter((part) => part !== ""));

/** The settings of the gateway. */
export const schema = {
  ...base,
  /** Redis for sessions and rate limits; without it both work locally. */
  REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),
  /** The secret that access tokens are signed with. */
  JWT_SECRET: jwtSecret,
  /** How long access tokens live, in seconds. */
  JWT_EXPIRATION: z.coerce.number().int().min(30).max(86_400).default(600),
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

export type Config = z.infer<z.ZodObject<typeof schema>>;
