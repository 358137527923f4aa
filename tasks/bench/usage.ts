/** The clock tick of /proc/<pid>/stat on every Linux that Deno runs on. */
const TICK_MS = 10;

interface Stat {
  pid: number;
  parent: number;
  /** Own CPU time in ms. */
  own: number;
  /** That of children that have ended and were waited for, in ms. */
  ended: number;
}

/** CPU milliseconds that processes have used so far, by name; each with those that it started. */
export function cpuOf(roots: Readonly<Record<string, number>>): Record<string, number> {
  const all = processes();
  const names = new Set(Object.values(roots));
  const used = (pid: number): number => {
    const self = all.find((found) => found.pid === pid);
    if (!self) return 0;
    const children = all.filter((found) => found.parent === pid && !names.has(found.pid));
    return self.own + self.ended + children.reduce((sum, child) => sum + used(child.pid), 0);
  };
  return Object.fromEntries(Object.entries(roots).map(([name, pid]) => [name, used(pid)]));
}

/** Proportional set sizes in MB, by name; each with those that it started. */
export function memoryOf(roots: Readonly<Record<string, number>>): Record<string, number> {
  const all = processes();
  const names = new Set(Object.values(roots));
  const sizes = pss(all.map(({ pid }) => pid));
  const size = (pid: number): number =>
    (sizes.get(pid) ?? 0) + all.filter((found) => found.parent === pid && !names.has(found.pid))
      .reduce((sum, child) => sum + size(child.pid), 0);
  return Object.fromEntries(Object.entries(roots).map(([name, pid]) => [name, Math.round(size(pid) / 102.4) / 10]));
}

/** CPU milliseconds that the whole machine has used so far, by anybody. */
export function machineCpu(): number {
  const [line = ""] = shell("cat /proc/stat").split("\n");
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line.trim().split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softirq) * TICK_MS;
}

/** Proportional set sizes in KB. */
function pss(pids: number[]): Map<number, number> {
  const text = shell(`grep -H ^Pss: ${pids.map((pid) => `/proc/${pid}/smaps_rollup`).join(" ")} 2>/dev/null; true`);
  return new Map(
    text.matchAll(/^\/proc\/(\d+)\/smaps_rollup:Pss:\s+(\d+) kB/gm).map(([, pid, size]) => [Number(pid), Number(size)]),
  );
}

function processes(): Stat[] {
  return shell("cat /proc/[0-9]*/stat 2>/dev/null; true").split("\n").filter((line) => line !== "").map((line) => {
    const fields = line.slice(line.lastIndexOf(")") + 2).split(" ").map(Number);
    const [, parent = 0] = fields;
    const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11);
    const ended = (endedUser + endedSystem) * TICK_MS;
    return { pid: Number.parseInt(line), parent, own: (user + system) * TICK_MS, ended };
  });
}

/** By a shell: Deno itself reads /proc only with every permission that there is. */
function shell(command: string): string {
  const { stdout } = new Deno.Command("sh", { args: ["-c", command], stderr: "null" }).outputSync();
  return new TextDecoder().decode(stdout);
}
