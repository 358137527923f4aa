import { Refusal } from "./refusal.ts";

/** The one version on which everything was measured; 2.9.4 to 2.9.6 abort gRPC clients (denoland/deno#36788). */
export const DENO_VERSION = "2.9.3";

/** Refuses any other Deno. */
export function refuseOtherDeno(version = Deno.version.deno): void {
  if (version !== DENO_VERSION) {
    throw new Refusal(
      `Cannot run on Deno ${version} as Nano needs Deno ${DENO_VERSION} exactly: npx -y deno@${DENO_VERSION} task start`,
    );
  }
}
