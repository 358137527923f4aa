import { z } from "zod";
import { address, data, jwtSecret } from "../shared/config.ts";

/** The settings of the user service. */
export const schema = {
  ...data,
  /** The secret that access tokens are signed with. */
  JWT_SECRET: jwtSecret,
  /** How long access tokens live, in seconds. */
  JWT_EXPIRATION: z.coerce.number().int().min(30).max(86_400).default(600),
  /** The first operator, made at start if both are set and nobody has that e-mail address. */
  ADMIN_EMAIL: z.email().optional(),
  ADMIN_PASSWORD: z.string().min(8).max(256).optional(),
  /** Where events for merchants go. */
  STORE_SERVICE_URL: address,
};

export type Config = z.infer<z.ZodObject<typeof schema>>;
