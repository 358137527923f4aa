import { usageOf, wrongUse } from "./usage.ts";

/** A reason not to go on that is the user's to know: printed as its one sentence, without a stack, with exit code 1. */
export class Refusal extends Error {
  override name = "Refusal";
}

/**
 * Runs a command's main function; a Refusal becomes its sentence on stderr and exit code 1, and an argument that it does
 * not know its usage too. With `--help` the command only says that.
 */
export async function orRefuse(main: () => Promise<number | void>): Promise<never> {
  if (Deno.args.includes("--help")) {
    console.log(usage());
    Deno.exit(0);
  }
  try {
    Deno.exit(await main() ?? 0);
  } catch (error) {
    const wrong = wrongUse(error);
    if (!(error instanceof Refusal) && !wrong) throw error;
    console.error(error instanceof Refusal ? error.message : `${wrong}\n\n${usage()}`);
    Deno.exit(1);
  }
}

function usage(): string {
  return usageOf(Deno.readTextFileSync(new URL(Deno.mainModule)));
}
