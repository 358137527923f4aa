import { Refusal } from "../shop/refusal.ts";

/** What a program said, and whether it went well. */
export interface Result {
  readonly success: boolean;
  readonly text: string;
}

/** What a program is given beside its arguments. */
export interface Given {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program to its end. Throws a Refusal where there is no such program. */
export async function run(program: string, args: readonly string[], { input, env = {} }: Given = {}): Promise<Result> {
  try {
    const child = new Deno.Command(program, {
      args: [...args],
      env: { ...env },
      stdin: input === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const output = child.output();
    if (input !== undefined) {
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(input));
      await writer.close();
    }
    const { success, stdout, stderr } = await output;
    return { success, text: new TextDecoder().decode(success ? stdout : stderr).trim() };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new Refusal(`Cannot go on as there is no ${program} on PATH: install it and try again.`);
    }
    throw error;
  }
}

/** Runs a program that must go well; else its own words are the refusal, or `otherwise` is. */
export async function must(
  program: string,
  args: readonly string[],
  { otherwise, ...given }: Given & { otherwise?: string } = {},
): Promise<string> {
  const { success, text } = await run(program, args, given);
  if (!success) throw new Refusal(otherwise ?? `Cannot go on as this failed: ${program} ${args.join(" ")}\n${text}`);
  return text;
}
