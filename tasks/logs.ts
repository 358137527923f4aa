/** `deno task logs [service] [-f]`: what the shop's processes wrote, the last lines first seen; `-f` goes on. */
import { join } from "node:path";
import { readable } from "../services/shared/log_readable.ts";
import { delay } from "./shop/children.ts";
import { orRefuse, Refusal } from "./shop/refusal.ts";
import { environmentWithFile, readSettings } from "./shop/settings.ts";
import { readArguments } from "./shop/usage.ts";

/** On a terminal lines are for people; into a file or a pipe they go as they are. */
const terminal = Deno.stdout.isTerminal();
const LINES = 100;
const TAIL_BYTES = 256 * 1024;

await orRefuse(async () => {
  const folder = join(readSettings(environmentWithFile()).DATA_DIR, "logs");
  const { names, is } = readArguments(Infinity, { follow: { type: "boolean", short: "f" } });
  const known = logNames(folder);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown || known.length === 0) {
    throw new Refusal(
      `Cannot show ${unknown ? `the log of "${unknown}"` : "logs"} as ${folder} has: ${known.join(", ") || "none"}.`,
    );
  }
  const shown = names.length ? names : known;
  const follow = is("follow");
  await Promise.all(
    shown.map((name) => show(join(folder, `${name}.log`), shown.length > 1 ? `${name}: ` : "", follow)),
  );
});

function logNames(folder: string): string[] {
  try {
    const files = [...Deno.readDirSync(folder)].map((entry) => entry.name);
    return files.filter((name) => name.endsWith(".log")).map((name) => name.slice(0, -4)).sort();
  } catch {
    return [];
  }
}

/** Prints a file's last lines, each with a prefix; following it, starts anew when it was rotated. */
async function show(path: string, prefix: string, follow: boolean): Promise<void> {
  let [at, rest] = [Math.max(0, Deno.statSync(path).size - TAIL_BYTES), ""];
  let first = true;
  const decoder = new TextDecoder();
  do {
    const bytes = readFrom(path, at);
    if (bytes === undefined) [at, rest] = [0, ""];
    else {
      at += bytes.length;
      const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of first ? lines.slice(-LINES) : lines) {
        console.log(prefix + (terminal ? readable(line).trimEnd() : line));
      }
      first = false;
    }
    if (follow) await delay(200);
  } while (follow);
}

/** The bytes from a position on; undefined when the file has become shorter than that. */
function readFrom(path: string, at: number): Uint8Array | undefined {
  using file = Deno.openSync(path);
  const { size } = file.statSync();
  if (size < at) return undefined;
  file.seekSync(at, Deno.SeekMode.Start);
  const bytes = new Uint8Array(size - at);
  return bytes.subarray(0, bytes.length ? file.readSync(bytes) ?? 0 : 0);
}
