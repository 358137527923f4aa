import type { Client } from "../../proto/gen/nano/user/v1/identity.ts";

/** From where a session was opened or renewed, as it is kept: null where nobody said. */
export interface ClientFacts {
  network: string | null;
  user_agent: string | null;
}

const MAX_NETWORK = 60;
const MAX_USER_AGENT = 300;

/** What a client says of itself, cut to what is kept of it. Without control characters: people will read it. */
export function clientFacts(client: Client | undefined): ClientFacts {
  return { network: cut(client?.network, MAX_NETWORK), user_agent: cut(client?.user_agent, MAX_USER_AGENT) };
}

function cut(text: string | undefined, max: number): string | null {
  // deno-lint-ignore no-control-regex
  const clean = [...(text ?? "").toWellFormed().replace(/[\u0000-\u001f\u007f-\u009f]/g, " ").trim()].slice(0, max);
  return clean.join("") || null;
}
