import { join } from "node:path";

/** A V8 CPU profile, as `deno run --cpu-prof` writes it: times in microseconds. */
export interface Profile {
  nodes: { id: number; callFrame: { functionName: string; url: string }; children?: number[] }[];
  samples: number[];
  timeDeltas: number[];
}

/** Which part of a process code belongs to, by where it is; the first that fits. */
const PARTS: [part: string, where: RegExp][] = [
  ["gRPC", /node_modules\/.*@grpc\/grpc-js|@bufbuild\/protobuf|\/proto\/gen\//],
  ["PostgreSQL client", /node_modules\/.*\/(pg|pg-pool|pg-protocol|pg-types|postgres-\w+)\//],
  ["jobs library", /node_modules\/.*\/graphile-worker\//],
  ["HTTP/2 and sockets", /^ext:deno_node\/(http2|net|internal\/(http2|streams|stream_base))/],
  ["HTTP", /^ext:deno_(http|fetch|web)|node_modules\/.*\/(hono|@hono)/],
  ["other libraries", /node_modules\//],
  ["our code", /\/(services|admin)\//],
  ["event loop", /^ext:core/],
];

/** Calls into the operating system to send; a profile shows them without a place. */
const SENDS = new Set(["writeBuffer", "writev", "writeUtf8String", "op_write"]);
const IDLE = "(idle)";

/** Where a process's working time went in its last so many ms: the share of each part, the largest first. */
export function sharesOf(
  profile: Profile,
  last_ms = Infinity,
): { busy_ms: number; shares: [part: string, share: number][] } {
  let left = profile.timeDeltas.reduce((sum, delta) => sum + delta, 0);
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const spent = new Map<string, number>();
  let busy = 0;
  for (const [index, id] of profile.samples.entries()) {
    left -= profile.timeDeltas[index] ?? 0;
    const frame = nodes.get(id)?.callFrame;
    if (left > last_ms * 1000 || !frame || frame.functionName === IDLE) continue;
    // A sample stands for the time until the next one.
    const time = profile.timeDeltas[index + 1] ?? 0;
    if (time === 0) continue;
    const part = partOf(frame);
    spent.set(part, (spent.get(part) ?? 0) + time);
    busy += time;
  }
  const shares = [...spent].sort(([, a], [, b]) => b - a).map(([part, time]): [string, number] => [part, time / busy]);
  return { busy_ms: busy / 1000, shares };
}

function partOf({ functionName, url }: { functionName: string; url: string }): string {
  if (SENDS.has(functionName)) return "sending";
  if (functionName === "(garbage collector)") return "garbage collection";
  return PARTS.find(([, where]) => where.test(url))?.[0] ?? "runtime";
}

/** A line for each process: how long it worked, and at what. */
export function profileTable(profiles: Readonly<Record<string, Profile>>, last_ms?: number): string {
  return Object.entries(profiles).map(([name, profile]) => {
    const { busy_ms, shares } = sharesOf(profile, last_ms);
    const parts = shares.filter(([, share]) => share >= 0.02).map(([part, share]) =>
      `${part} ${Math.round(share * 100)} %`
    );
    return `  ${name.padEnd(10)}${(busy_ms / 1000).toFixed(1)} s: ${parts.join(", ")}`;
  }).join("\n");
}

/** The profiles in a folder, by the names of their processes. */
export function readProfiles(folder: string): Record<string, Profile> {
  const files = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.endsWith(".cpuprofile"));
  return Object.fromEntries(
    files.sort().map((
      name,
    ) => [name.slice(0, -".cpuprofile".length), JSON.parse(Deno.readTextFileSync(join(folder, name)))]),
  );
}
