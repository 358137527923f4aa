import { address, base, data, flag, tlsDir } from "../shared/config.ts";

/** The settings of the store service. */
export const settings = {
  ...data,
  /** Where the process is that sends webhooks. */
  DELIVER_SERVICE_URL: address,
};

/** The settings of the process that sends webhooks. */
export const deliverSettings = {
  ...base,
  TLS_DIR: tlsDir,
  /** Lets webhooks go to this machine and private networks, to try them out; refused in production. */
  WEBHOOK_ALLOW_PRIVATE: flag,
};
