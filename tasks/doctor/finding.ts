/** How bad it is: wrong is what must be mended, a warning what may become so. */
export type Level = "ok" | "warning" | "wrong";

/** One thing that was looked at. */
export interface Finding {
  readonly level: Level;
  readonly about: string;
  readonly says: string;
  /** The command that mends it, or what to do. */
  readonly mend?: string;
}

/** What is as it should be. */
export function ok(about: string, says: string): Finding {
  return { level: "ok", about, says };
}

/** What may become wrong, and what prevents it. */
export function warning(about: string, says: string, mend: string): Finding {
  return { level: "warning", about, says, mend };
}

/** What is wrong, and what mends it. */
export function wrong(about: string, says: string, mend: string): Finding {
  return { level: "wrong", about, says, mend };
}

/** A finding as it is printed: one line, and below it what mends it. */
export function printed({ level, about, says, mend }: Finding): string {
  const line = `${level.padEnd(8)} ${about.padEnd(12)} ${says}`;
  return mend ? `${line}\n         → ${mend}` : line;
}

/** The last line. */
export function summary(findings: readonly Finding[]): string {
  const count = (level: Level) => findings.filter((finding) => finding.level === level).length;
  const [bad, doubtful] = [count("wrong"), count("warning")];
  if (bad + doubtful === 0) return `all is well (${findings.length} checks)`;
  return `${bad} wrong, ${doubtful} ${doubtful === 1 ? "warning" : "warnings"}, ${count("ok")} ok`;
}

/** The command that has the shop's database do something. */
export function psql(statement: string): string {
  return `deno task psql -- -c "${statement.replaceAll('"', '\\"')}"`;
}

/** A time span for people. */
export function span(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} days`;
}

/** A size for people. */
export function size(bytes: number): string {
  return bytes < 2 ** 30 ? `${Math.round(bytes / 2 ** 20)} MiB` : `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
