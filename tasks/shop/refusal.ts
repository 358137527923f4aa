/** A reason not to go on that is the user's to know: printed as its one sentence, without a stack, with exit code 1. */
export class Refusal extends Error {
  override name = "Refusal";
}

/** Runs a command's main function; a Refusal becomes its sentence on stderr and exit code 1. */
export async function orRefuse(main: () => Promise<number | void>): Promise<never> {
  try {
    Deno.exit(await main() ?? 0);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    console.error(error.message);
    Deno.exit(1);
  }
}
