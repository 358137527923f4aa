import { z } from "zod";
import { address, data, jwtExpiration, jwtSecret } from "../shared/config.ts";

const storefrontUrl = z.string().refine(
  (value) => /^https?:$/.test(URL.parse(value.replaceAll("{store}", "store"))?.protocol ?? ""),
  "must be an http(s) address, in which {store} may stand for a store's slug",
).optional();

/** The settings of the user service. */
export const settings = {
  ...data,
  /** The secret that access tokens are signed with. */
  JWT_SECRET: jwtSecret,
  /** How long access tokens live, in seconds. */
  JWT_EXPIRATION: jwtExpiration,
  /** The first operator, made at start if both are set and nobody has that e-mail address. */
  ADMIN_EMAIL: z.email().optional(),
  ADMIN_PASSWORD: z.string().min(8).max(256).optional(),
  /** Where events for merchants go, and where mails have the stores' names from. */
  STORE_SERVICE_URL: address,
  /** Who is asked to erase a person. */
  CART_SERVICE_URL: address,
  ORDER_SERVICE_URL: address,
  PAYMENT_SERVICE_URL: address,
  /** The mail server; without it, in production, mail is off. */
  SMTP_URL: z.url({ protocol: /^smtps?$/ }).optional(),
  /** Whom mails are from; else no-reply at the console's host. */
  MAIL_FROM: z.string().regex(/^[^\r\n]{3,320}$/, "must be one line of 3 to 320 characters").optional(),
  /** For development: the folder that mails are written into instead of being sent. */
  MAIL_DIR: z.string().optional(),
  /** The console's public address, where links in mails lead. */
  ADMIN_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** The storefront's, where customers' links lead instead; `{store}` in it stands for the store's slug. */
  STOREFRONT_URL: storefrontUrl,
};
