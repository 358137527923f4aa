import { z } from "zod";
import { base, jwtSecret, jwtSecretPrevious, readConfig } from "../services/shared/config.ts";

const schema = {
  ENVIRONMENT: base.ENVIRONMENT,
  /** Where the gateway answers: the console's only neighbour. */
  GATEWAY_URL: z.url({ protocol: /^https?$/ }).default("http://127.0.0.1:8000"),
  /** What the key of the console's cookies is derived from. */
  JWT_SECRET: jwtSecret,
  /** Another secret, whose cookies are opened too: a new one signs nobody out. */
  JWT_SECRET_PREVIOUS: jwtSecretPrevious,
};

export type Settings = z.infer<z.ZodObject<typeof schema>>;

let read: Settings | undefined;

/** The console's settings. Read at first use, as the build has none. */
export function settings(): Settings {
  return read ??= readConfig(schema);
}
