import { parseArgs } from "node:util";

/** What a task says of itself to `--help`: the first comment of its file. */
export function usageOf(source: string): string {
  const [, comment = ""] = /\/\*\*([\s\S]*?)\*\//.exec(source) ?? [];
  return comment.replaceAll(/^\s*\* ?/gm, "").replaceAll("`", "").trim();
}

/** What is wrong with a command's arguments, if that is why it ended. */
export function wrongUse(error: unknown): string | undefined {
  const { code, message } = error as { code?: unknown; message?: string };
  return String(code).startsWith("ERR_PARSE_ARGS_") ? message : undefined;
}

/**
 * A task's arguments: its flags and at most so many names. What it does not know is refused, as `migrate --dry-run` must
 * not migrate, and `backup --quiet` not write a folder of that name.
 */
export function readArguments(names = 0, flags: Record<string, { type: "boolean"; short?: string }> = {}) {
  const args = Deno.args.filter((argument) => argument !== "--");
  const { values, positionals } = parseArgs({ args, options: flags, allowPositionals: names > 0 });
  if (positionals.length > names) {
    const message = `Unexpected argument '${positionals[names]}'`;
    throw Object.assign(new Error(message), { code: "ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL" });
  }
  return { names: positionals, is: (flag: string) => values[flag] === true };
}
