import { currentContext, SYSTEM, withContext } from "./context.ts";
import { timedOut } from "./errors.ts";
import { isRecorded, tracing, withoutSpans } from "./trace.ts";

/** The most that go at once, and their most bytes in all: below what gRPC takes. */
const [MOST, MAX_SIZE] = [50, 300_000];
/** How long the first one waits for others. */
const PAUSE_MS = 5;

interface Waiting<Q, A> {
  one: Q;
  size: number;
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
    const end = waiting.findIndex((next, at) => at === MOST || ((size += next.size) > MAX_SIZE && at > 0));
    return waiting.splice(0, end < 0 ? waiting.length : end);
  }

  async function sendAll(batch: Waiting<Q, A>[]): Promise<void> {
    const deadline = Math.min(...batch.map((one) => one.deadline));
    const work = () => send(batch.map(({ one }) => one));
    const context = { request_id: crypto.randomUUID(), actor: SYSTEM, deadline };
    const [over, end] = overAt(deadline);
    try {
      const sent = withContext(context, () => tracing ? withoutSpans(work) : work());
      const answers = await Promise.race([sent, over]);
      batch.forEach(({ resolve }, at) => resolve(answers[at] as A));
    } catch (error) {
      batch.forEach(({ reject }) => reject(error));
    } finally {
      end();
    }
  }

  /** Refuses those who waited too long, and gives the others. */
  function inTime(batch: Waiting<Q, A>[]): Waiting<Q, A>[] {
    const now = Date.now();
    for (const { deadline, reject } of batch) if (deadline <= now) reject(timedOut());
    return batch.filter(({ deadline }) => deadline > now);
  }

  async function sendWaiting(): Promise<void> {
    busy = true;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    while (waiting.length > 0) {
      const batch = inTime(take());
      if (batch.length > 0) await sendAll(batch);
    }
    busy = false;
  }

  return async (one) => {
    if (tracing && isRecorded()) return (await send([one]))[0] as A;
    // What can't be measured can't be sent either: it fails for itself.
    const size = sizeOf(one);
    return await new Promise<A>((resolve, reject) => {
      waiting.push({ one, size, deadline: currentContext()?.deadline ?? Infinity, resolve, reject });
      if (!busy) sendWaiting();
    });
  };
}

/** What fails at a time, so that one answer that never comes does not hold up all that follow; and what lets go of it. */
function overAt(time: number): [over: Promise<never>, end: () => void] {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<never>((_resolve, reject) => {
    if (time < Infinity) timer = setTimeout(() => reject(timedOut()), Math.max(0, time - Date.now()));
  });
  return [over, () => clearTimeout(timer)];
}
