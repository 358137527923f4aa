import { z } from "@hono/zod-openapi";
import { currentContext, withContext } from "../shared/context.ts";
import { toNanoError } from "../shared/errors.ts";
import { Id } from "./schemas.ts";

const CONCURRENCY = 4;
const BULK_MS = 20_000;

/** What became of one of many. */
export const BulkResult = z.object({
  id: Id,
  ok: z.boolean(),
  status: z.string().optional().openapi({ description: "The status that it has now.", example: "active" }),
  code: z.string().optional().openapi({ description: "Why it was refused.", example: "invalid_transition" }),
  detail: z.string().optional(),
}).openapi("BulkResult");

/** What became of many things at once. */
export const BulkAnswer = z.object({
  data: z.array(BulkResult).openapi({ description: "One for each id, in the order of the request." }),
  changed: z.int().openapi({ description: "How many went well.", example: 12 }),
  refused: z.int().openapi({ example: 1 }),
}).openapi("BulkAnswer");

/** Up to 100 different ids. */
export const Ids = z.array(Id).min(1).max(100).refine((ids) => new Set(ids).size === ids.length, {
  message: "must not name one twice",
});

/** Does the same to many things, a few at a time, within 20 s. What one is refused does not touch the others. */
export async function toEach(
  ids: string[],
  work: (id: string) => Promise<string>,
): Promise<z.infer<typeof BulkAnswer>> {
  const data: z.infer<typeof BulkResult>[] = [];
  let next = 0;
  const worker = async () => {
    while (next < ids.length) {
      const index = next++;
      const id = ids[index] as string;
      data[index] = await work(id).then(
        (status) => ({ id, ok: true, status }),
        (error) => {
          const { code, message } = toNanoError(error);
          return { id, ok: false, code, detail: message };
        },
      );
    }
  };
  await patiently(BULK_MS, () => Promise.all(Array.from({ length: CONCURRENCY }, worker)));
  const changed = data.filter((result) => result.ok).length;
  return { data, changed, refused: data.length - changed };
}

/** Runs a function with a deadline of its own instead of the request's. */
export function patiently<T>(milliseconds: number, run: () => T): T {
  const context = currentContext();
  if (!context) throw new Error("Cannot run outside of a request.");
  return withContext({ ...context, deadline: Date.now() + milliseconds }, run);
}
