import type { Client } from "../../proto/gen/nano/user/v1/identity.ts";
import { auditNetwork } from "./address.ts";
import type { RequestContext } from "./env.ts";

/** From where a request comes, as a session remembers it: the network, not the address. */
export function clientOf(c: RequestContext): Client {
  return { network: auditNetwork(c.get("address")), user_agent: (c.req.header("User-Agent") ?? "").slice(0, 1000) };
}
