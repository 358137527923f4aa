import { type NanoError, toNanoError } from "../shared/errors.ts";
import { claimKey, finishKey, type KeyedRequest, yieldKey } from "../shared/idempotency.ts";
import type { Tx } from "../shared/postgres.ts";
import type { Deps } from "./deps.ts";

/** What staff's keyed request comes to: the resource that is to be carried out, the answer of an earlier one, or a refusal. */
export type Step<Answer> = { run: string } | { replayed: Answer } | { refused: NanoError };

/** Claims the key and, if it is ours, opens its resource, in one transaction; a refusal is kept under the key. */
export function claimStep<Answer>(
  { repository }: Pick<Deps, "repository">,
  request: KeyedRequest,
  decode: (answer: Uint8Array) => Answer,
  open: (tx: Tx) => Promise<void>,
): Promise<Step<Answer>> {
  return repository.transaction(async (tx) => {
    const found = await claimKey(tx, request);
    if (found.state === "abandoned") return { run: found.resource_id };
    if (found.state === "done") {
      return "error" in found.outcome ? { refused: found.outcome.error } : { replayed: decode(found.outcome.answer) };
    }
    try {
      await open(tx);
      return { run: request.resource_id };
    } catch (thrown) {
      const error = toNanoError(thrown);
      // Anything else rolls the claim back with all the rest; what is under way may be tried again with the same key.
      if (error.kind !== "conflict" || error.code === "payment_in_progress") throw thrown;
      await finishKey(tx, request.resource_id, { error });
      return { refused: error };
    }
  });
}

/** What the provider did is not written down: the job, or the same key again, asks it by the resource's id. */
export function leaveToJob(
  { repository }: Pick<Deps, "repository">,
  id: string,
  runSoon: (tx: Tx) => Promise<void>,
): Promise<void> {
  return repository.transaction(async (tx) => {
    await yieldKey(tx, id);
    await runSoon(tx);
  });
}
