/**
 * `deno task audit`: asks the npm registry that is configured whether a dependency in deno.lock is known to be
 * vulnerable. Exit code 1 if one is, 2 where the registry does not answer: then nothing was audited.
 */
import { fileURLToPath } from "node:url";
import { askRegistry, lockedPackages } from "./audit/ask.ts";
import { type Audit, judge } from "./audit/judge.ts";
import { configuredRegistry, trustingClient } from "./audit/registry.ts";
import { orRefuse } from "./shop/refusal.ts";
import { readArguments } from "./shop/usage.ts";

const LOCK = fileURLToPath(new URL("../deno.lock", import.meta.url));
const EXIT: Record<Audit["verdict"], number> = { clean: 0, vulnerable: 1, unanswered: 2 };

await orRefuse(async () => {
  readArguments();
  const packages = lockedPackages(Deno.readTextFileSync(LOCK));
  const registry = await configuredRegistry();
  const answer = registry
    ? await askRegistry(registry, packages, trustingClient())
    : { unanswered: "none is configured, neither by NPM_CONFIG_REGISTRY nor for npm" };
  const { verdict, text } = judge(answer, Object.keys(packages).length);
  console.log(text);
  return EXIT[verdict];
});
