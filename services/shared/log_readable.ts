const COLOURS: Record<string, number> = { debug: 90, info: 36, warn: 33, error: 31 };

/** A line of the log as a person reads it: time, level, message, what matters of the rest, and the stack of an error. */
export function readable(line: string, colours = true): string {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line);
  } catch {
    return line;
  }
  if (entry === null || typeof entry !== "object" || typeof entry["log.level"] !== "string") return line;
  const level = entry["log.level"];
  const facts = flat(entry).filter(([name]) => !HIDDEN.test(name));
  const error = entry.error as { stack_trace?: unknown; message?: unknown } | undefined;
  const trouble = error?.stack_trace ?? error?.message;
  return [
    paint(String(entry["@timestamp"] ?? "").slice(11, 23), 90, colours),
    paint(level.toUpperCase().padEnd(5), COLOURS[level] ?? 0, colours),
    String(entry.message ?? ""),
    ...facts.map(([name, value]) => paint(`${name}=${value}`, 90, colours)),
  ].join(" ") + (trouble ? `\n    ${String(trouble).replaceAll("\n", "\n    ")}` : "") + "\n";
}

/** What the reader knows, or sees in another form. */
const HIDDEN =
  /^(log\.level|@timestamp|message|ecs\.version|process\.|host\.|service\.|error\.(stack_trace|message)|span\.)/;

function flat(value: object, prefix = ""): [string, string][] {
  return Object.entries(value).flatMap(([name, value]): [string, string][] => {
    const path = prefix + name;
    if (Array.isArray(value)) return [[path, JSON.stringify(value)]];
    if (value !== null && typeof value === "object") return flat(value, `${path}.`);
    return [[path, path === "event.duration" ? `${Math.round(Number(value) / 1e4) / 100}ms` : String(value)]];
  });
}

function paint(text: string, colour: number, colours: boolean): string {
  return colours && colour ? `\x1b[${colour}m${text}\x1b[0m` : text;
}
