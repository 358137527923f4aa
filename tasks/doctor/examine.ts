import { statfsSync } from "node:fs";
import { join } from "node:path";
import { Refusal } from "../shop/refusal.ts";
import { isFree } from "../shop/ports.ts";
import { lives, readRun, type Run } from "../shop/run_file.ts";
import { readSettings, type Settings } from "../shop/settings.ts";
import { judgeCertificates, readCertificates } from "./certificates.ts";
import { ASLEEP, examineDatabase } from "./database.ts";
import { type Finding, ok, warning, wrong } from "./finding.ts";
import { judgeDeno, judgeDisk, judgePort } from "./machine.ts";
import { judgeRedis, readRedis } from "./redis.ts";
import { judgeServices, readServices } from "./services.ts";
import { judgeNames, judgeSecretFiles, judgeSettings } from "./settings.ts";

const RESTART = "deno task stop, then deno task start";

/** Looks at everything, whether the shop runs or not; gives each finding to `tell` as soon as it is known. */
export async function examine(
  environment: Readonly<Record<string, string | undefined>>,
  tell: (finding: Finding) => void,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const add = (some: readonly Finding[]) =>
    some.forEach((finding) => {
      findings.push(finding);
      tell(finding);
    });
  add([judgeDeno(Deno.version.deno)]);
  const env = textOf(".env");
  if (env !== undefined) add([judgeNames(env, textOf(".env.example") ?? "")]);
  let settings: Settings;
  try {
    settings = readSettings(environment);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    add([wrong("settings", error.message, "correct .env; .env.example says what each setting means")]);
    return findings;
  }
  const files = [".env", join(settings.DATA_DIR, "secrets.json"), join(settings.DATA_DIR, "run.json")];
  add([...judgeSettings(settings), ...judgeSecretFiles(files.map((path) => ({ path, mode: modeOf(path) })))]);
  const run = readRun(settings.DATA_DIR);
  const running = run && lives(run.starter) ? run : undefined;
  add(examineMachine(settings, running));
  add(await examineServices(settings.DATA_DIR, run, running));
  add(await examineServers(settings, running));
  if (settings.TLS_DIR) add(judgeCertificates(settings.TLS_DIR, readCertificates(settings.TLS_DIR)));
  return findings;
}

function examineMachine(settings: Settings, running: Run | undefined): Finding[] {
  const { GATEWAY_PORT, ADMIN_PORT, HOST, DATA_DIR } = settings;
  const folder = modeOf(DATA_DIR) === null ? "." : DATA_DIR;
  const { bavail, bsize } = statfsSync(folder);
  return [
    judgeDisk(folder, bavail * bsize),
    ...running ? [] : [
      judgePort("GATEWAY_PORT", GATEWAY_PORT, isFree(GATEWAY_PORT, HOST)),
      judgePort("ADMIN_PORT", ADMIN_PORT, isFree(ADMIN_PORT, HOST)),
    ],
  ];
}

async function examineServices(folder: string, run: Run | undefined, running: Run | undefined): Promise<Finding[]> {
  if (running?.health) return judgeServices(await readServices(running.health));
  if (running) return [warning("services", "the shop is still starting", "look again when it says ready")];
  const left = Object.entries(run?.children ?? {}).filter(([, child]) => lives(child)).map(([name]) => name);
  if (left.length) {
    return [wrong("services", `left running by a shop that was killed: ${left.join(", ")}`, "deno task stop")];
  }
  return [ok("services", `no shop runs on ${folder}`)];
}

async function examineServers(settings: Settings, running: Run | undefined): Promise<Finding[]> {
  const ownerUrl = settings.DATABASE_DIRECT_URL ?? settings.DATABASE_URL ?? running?.database;
  const database = ownerUrl
    ? await examineDatabase({
      ownerUrl,
      roleSecret: settings.DATABASE_ROLE_SECRET ?? developmentSecret(settings.DATA_DIR),
      running: running !== undefined,
      mend: settings.DATABASE_URL ? "start PostgreSQL there, or correct DATABASE_URL" : RESTART,
    })
    : [ASLEEP];
  const redisUrl = settings.REDIS_URL ?? running?.redis;
  if (redisUrl === "off") return [...database, ok("redis", "off: the shop runs uncached")];
  if (redisUrl) return [...database, ...judgeRedis(new URL(redisUrl).host, await readRedis(redisUrl))];
  if (!running) return [...database, ok("redis", "the private one starts with the shop")];
  return [
    ...database,
    warning("redis", "there is none: the shop runs uncached", `apt-get install redis-server; ${RESTART}`),
  ];
}

/** Without making any, as a start would. */
function developmentSecret(dataDir: string): string | undefined {
  try {
    return JSON.parse(Deno.readTextFileSync(join(dataDir, "secrets.json"))).DATABASE_ROLE_SECRET;
  } catch {
    return undefined;
  }
}

function textOf(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}

function modeOf(path: string): number | null {
  try {
    return Deno.statSync(path).mode;
  } catch {
    return null;
  }
}
