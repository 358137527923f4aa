/**
 * `deno task audit`: asks the npm registry that is configured whether a dependency is known to be vulnerable. Exit code
 * 1 if one is, 2 where the registry does not answer: then nothing was audited.
 */
import { fileURLToPath } from "node:url";
import { type Audit, judge } from "./audit/judge.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const EXIT: Record<Audit["verdict"], number> = { clean: 0, vulnerable: 1, unanswered: 2 };

const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
  args: ["audit"],
  cwd: ROOT,
  env: { NO_COLOR: "1" },
  stdin: "null",
}).output();
const { verdict, text } = judge(code, new TextDecoder().decode(stdout), new TextDecoder().decode(stderr));
console.log(text);
Deno.exit(EXIT[verdict]);
