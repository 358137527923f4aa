import { currentContext, SYSTEM, withContext } from "./context.ts";
import { isRecorded, tracing, withoutSpans } from "./trace.ts";

/** The most that go at once, and their most characters in all: in UTF-8, below what gRPC takes. */
const [MOST, MAX_SIZE] = [50, 300_000];
/** How long the first one waits for others. */
const PAUSE_MS = 5;

interface Waiting<Q, A> {
  one: Q;
  deadline: number;
  resolve(answer: A): void;
  reject(error: unknown): void;
}

/**
 * Does at once what several requests or jobs ask for at about the same time: `send` answers each, in their order, or
 * fails for all of them. One batch is under way at a time; what comes meanwhile makes up the next. A batch is nobody's
 * request: it acts as the system, with the earliest of the deadlines, and is in no trace; so what belongs to a trace that
 * is recorded goes by itself, within its own.
 */
export function inBatches<Q, A>(
  send: (batch: Q[]) => Promise<A[]>,
  sizeOf: (one: Q) => number,
): (one: Q) => Promise<A> {
  const waiting: Waiting<Q, A>[] = [];
  let busy = false;

  function take(): Waiting<Q, A>[] {
    let size = 0;
    const end = waiting.findIndex(({ one }, at) => at === MOST || ((size += sizeOf(one)) > MAX_SIZE && at > 0));
    return waiting.splice(0, end < 0 ? waiting.length : end);
  }

  async function sendAll(batch: Waiting<Q, A>[]): Promise<void> {
    const deadline = Math.min(...batch.map((one) => one.deadline));
    const work = () => send(batch.map(({ one }) => one));
    try {
      const context = { request_id: crypto.randomUUID(), actor: SYSTEM, deadline };
      const answers = await withContext(context, () => tracing ? withoutSpans(work) : work());
      batch.forEach(({ resolve }, at) => resolve(answers[at] as A));
    } catch (error) {
      batch.forEach(({ reject }) => reject(error));
    }
  }

  async function sendWaiting(): Promise<void> {
    busy = true;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    while (waiting.length > 0) await sendAll(take());
    busy = false;
  }

  return async (one) => {
    if (tracing && isRecorded()) return (await send([one]))[0] as A;
    return await new Promise<A>((resolve, reject) => {
      waiting.push({ one, deadline: currentContext()?.deadline ?? Infinity, resolve, reject });
      if (!busy) sendWaiting();
    });
  };
}
