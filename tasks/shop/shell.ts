/** Runs a program in this terminal; undefined when it is not on PATH. Ctrl-C is the program's. */
export async function runInTerminal(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<number | undefined> {
  const ignore = () => {};
  Deno.addSignalListener("SIGINT", ignore);
  try {
    const child = new Deno.Command(program, { args: [...args], env: { ...env } }).spawn();
    return (await child.status).code;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  } finally {
    Deno.removeSignalListener("SIGINT", ignore);
  }
}

/** Reads lines from the terminal, or from a pipe, and shows what each gives; an error is shown and the next line asked for. */
export async function readLoop(
  prompt: string,
  isWhole: (text: string) => boolean,
  answer: (text: string) => Promise<string>,
): Promise<void> {
  const { createInterface } = await import("node:readline/promises");
  const { stdin, stdout } = await import("node:process");
  const lines = createInterface({ input: stdin, output: stdout, prompt, terminal: Deno.stdin.isTerminal() });
  let text = "";
  lines.prompt();
  for await (const line of lines) {
    text += `${line}\n`;
    if (["exit", "quit", "\\q"].includes(text.trim())) break;
    if (isWhole(text.trim())) {
      if (text.trim()) console.log(await answer(text.trim()).catch((error) => `error: ${error.message}`));
      text = "";
    }
    lines.prompt();
  }
  lines.close();
}
