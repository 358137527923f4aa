import { delay } from "./children.ts";

/** When a process began, in the system's own words; undefined when there is none (a zombie counts as none). */
export function birth(pid: number): string | undefined {
  if (Deno.build.os !== "linux") return printed("ps", "-o", "lstart=", "-p", `${pid}`) || undefined;
  // By `cat`, as Deno itself opens /proc only to those who may do everything; `ps` is not on every Linux.
  // The name, in brackets, may hold spaces; field 3 is the state, field 22 the start in clock ticks.
  const fields = printed("cat", `/proc/${pid}/stat`).replace(/^.*\) /s, "").split(" ");
  return fields[0] === "Z" ? undefined : fields[19];
}

/** A process's command line; "" when there is none. */
export function commandLine(pid: number): string {
  if (Deno.build.os !== "linux") return printed("ps", "-o", "args=", "-p", `${pid}`);
  return printed("cat", `/proc/${pid}/cmdline`).replaceAll("\0", " ");
}

/** Ends a process and its group: asks, waits up to 10 s, kills. */
export async function end(pid: number, signal: Deno.Signal): Promise<void> {
  const born = birth(pid);
  const alive = () => born !== undefined && birth(pid) === born;
  if (alive()) Deno.kill(pid, signal);
  for (let tries = 0; alive() && tries < 200; tries++) await delay(50);
  if (alive()) Deno.kill(-pid, "SIGKILL");
}

function printed(program: string, ...args: string[]): string {
  try {
    return new TextDecoder().decode(new Deno.Command(program, { args, stderr: "null" }).outputSync().stdout).trim();
  } catch {
    return "";
  }
}
