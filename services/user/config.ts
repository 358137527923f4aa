import { z } from "zod";
import { address, data, jwtExpiration, jwtSecret } from "../shared/config.ts";

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
  /** Where events for merchants go. */
  STORE_SERVICE_URL: address,
};
