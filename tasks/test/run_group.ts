import { join } from "node:path";
import { baseEnvironment, delay, spawnChild } from "../shop/children.ts";
import { LogFile } from "../shop/log_file.ts";
import type { Group } from "./files.ts";
import { type Counts, countTests, failureText } from "./report.ts";

/**
 * What tests may do; production's processes may not (see tasks/processes.ts). Those with a browser may do everything, as
 * playwright-core looks into /proc.
 */
const PERMISSIONS = ["net", "env", "read", "write", "run", "sys", "ffi"].map((name) => `--allow-${name}`);

/** Tests that start whole shops run one after another. */
const PARALLEL: Record<Group, boolean> = { unit: true, integration: true, api: true, browser: true, basic: false };

/** How long a group may take; browsers, and whole shops, are slow where they share two cores. */
const LONGEST = 5 * 60_000;
const LONGEST_OF_SLOW = 10 * 60_000;
const SLOW: readonly Group[] = ["integration", "browser", "basic"];

/** Where and with what a group of tests is run. */
export interface GroupRun {
  readonly root: string;
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Aborted: the tests are killed. */
  readonly signal: AbortSignal;
}

/** Runs a group's files by `deno test`; prints failures and one line. */
export async function runGroup(group: Group, files: readonly string[], run: GroupRun): Promise<Counts> {
  const began = Date.now();
  const report = join(run.folder, `${group}.xml`);
  const log = new LogFile(join(run.folder, `${group}.log`), Infinity);
  const child = spawnChild({
    program: Deno.execPath(),
    args: [
      ...["test", "--quiet", "--no-check", "--no-prompt", "--reporter=dot", `--junit-path=${report}`],
      ...(PARALLEL[group] ? ["--parallel"] : []),
      ...(group === "browser" ? ["--allow-all"] : PERMISSIONS),
      ...files,
    ],
    env: { ...baseEnvironment(), DENO_JOBS: "2", ...run.environment },
    cwd: run.root,
  }, { log });
  const ended = new AbortController();
  const limit = delay(SLOW.includes(group) ? LONGEST_OF_SLOW : LONGEST, AbortSignal.any([ended.signal, run.signal]))
    .then(() => "the time limit");
  const how = await Promise.race([child.ended, limit]);
  ended.abort();
  child.kill();
  log.close();
  const text = read(log.path);
  const succeeded = how === "exit code 0";
  const counts = countTests(read(report), text, succeeded);
  if (!succeeded && !run.signal.aborted) console.log(`${failureText(text)}\n(${group} ended by ${how})\n`);
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  console.log(`${group}: ${counts.passed} passed, ${counts.failed} failed, ${files.length} files, ${seconds} s`);
  return counts;
}

function read(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}
