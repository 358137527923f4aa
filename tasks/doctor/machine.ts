import { DENO_VERSION } from "../shop/deno_version.ts";
import { type Finding, ok, size, span, warning, wrong } from "./finding.ts";

/** The Deno that runs this. */
export function judgeDeno(version: string): Finding {
  if (version === DENO_VERSION) return ok("deno", version);
  return wrong(
    "deno",
    `${version}, and the shop needs ${DENO_VERSION} exactly`,
    `npx -y deno@${DENO_VERSION} task start`,
  );
}

/** A port on which a stopped shop would listen. */
export function judgePort(variable: string, port: number, free: boolean): Finding {
  if (free) return ok("ports", `${port} is free for ${variable}`);
  return wrong(
    "ports",
    `${port} is taken, so the shop can't start`,
    `stop what "ss -ltnp 'sport = :${port}'" shows, or set ${variable}`,
  );
}

const [LITTLE, TOO_LITTLE] = [5 * 2 ** 30, 2 ** 30];

/** What is free on the disk of DATA_DIR. */
export function judgeDisk(folder: string, free: number): Finding {
  const says = `${size(free)} free for ${folder}`;
  const mend = `make room: du -sh ${folder}/* | sort -h`;
  if (free < TOO_LITTLE) return wrong("disk", says, mend);
  return free < LITTLE ? warning("disk", says, mend) : ok("disk", says);
}

/** How far PostgreSQL's clock is from this machine's, in milliseconds; tokens are taken 30 s early or late. */
export function judgeClock(milliseconds: number): Finding {
  const off = Math.abs(milliseconds) / 1000;
  const says = off < 1 ? "as PostgreSQL's" : `PostgreSQL's is ${span(off)} ${milliseconds > 0 ? "ahead" : "behind"}`;
  const mend = "set both machines' clocks by NTP: timedatectl set-ntp true";
  if (off >= 10) return wrong("clock", says, mend);
  return off >= 1 ? warning("clock", says, mend) : ok("clock", says);
}
