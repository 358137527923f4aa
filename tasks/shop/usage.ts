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
