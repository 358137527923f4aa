/** `deno task doctor`: what is wrong with this shop, running or stopped, and the command that mends it. */
import { examine } from "./doctor/examine.ts";
import { printed, summary } from "./doctor/finding.ts";
import { orRefuse } from "./shop/refusal.ts";
import { environmentWithFile } from "./shop/settings.ts";
import { readArguments } from "./shop/usage.ts";

await orRefuse(async () => {
  readArguments();
  const findings = await examine(environmentWithFile(), (finding) => console.log(printed(finding)));
  console.log(summary(findings));
  return findings.some(({ level }) => level === "wrong") ? 1 : 0;
});
