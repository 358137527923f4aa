import { finishing, type Outcome, outcomeValues } from "../shared/idempotency.ts";
import { binding, embed, nameWith } from "../shared/parts.ts";
import type { Statement } from "../shared/postgres.ts";
import type { Attempt, Change, Order, Step } from "./order.ts";

/** What is written together with a change. */
export interface Beside {
  /** Statements that need nothing of it, such as those that add jobs. */
  parts: Statement[];
  /** What one of its payments is from now on. */
  attempt?: Attempt | undefined;
  /** The outcome of the request whose key has this resource. */
  key?: { resource_id: string; outcome: Outcome } | undefined;
}

/**
 * The statement that writes what a decision changes of an order, with its history and what goes with it: all of it or,
 * where the order is no longer as it was, nothing; then it gives no row. Each set of what there is has one of its own, so
 * that each is prepared once.
 */
export function changeStatement(before: Order, after: Order, steps: Step[], { returns }: Change, beside: Beside) {
  const { parts, attempt, key } = beside;
  const used: string[] = [];
  const { values, bind } = binding();
  const writes: string[] = [];
  const write = (name: string, sql: string) => {
    if (writes.length > 0) used.push(name);
    writes.push(`${name} as (${sql} returning 1)`);
  };

  const id = bind(before.id);
  // Where the number is not named, the database need not add up the lines again.
  const numbered = after.number !== before.number;
  if (numbered) used.push("number");
  write(
    "changed",
    `update orders set status = ${bind(after.status)}, payment_status = ${bind(after.payment_status)},
       keep_out = ${bind(after.keep_out)}, ${numbered ? `number = ${bind(after.number)},` : ""}
       update_time = now(), version = ${bind(after.version)}
     where id = ${id} and status = ${bind(before.status)} and version = ${bind(before.version)}`,
  );
  if (steps.length > 0) {
    const column = (name: keyof Step, type: string) => `${bind(steps.map((step) => step[name]))}::${type}[]`;
    write(
      "steps",
      `insert into order_history (order_id, "from", "to", actor, reason, time)
       select ${id}, step."from", step."to", step.actor, step.reason, step.time
       from changed, unnest(${column("from", "text")}, ${column("to", "text")}, ${column("actor", "text")},
         ${column("reason", "text")}, ${column("time", "timestamptz")}) with ordinality
         as step ("from", "to", actor, reason, time, position)
       order by step.position`,
    );
  }
  if (returns) {
    const [ids, quantities] = [returns.lines.map((line) => line.id), returns.lines.map((line) => line.quantity)];
    write(
      "restocked",
      `update order_items item set restocked = item.restocked + line.quantity
       from changed, unnest(${bind(ids)}::uuid[], ${bind(quantities)}::int[]) as line (id, quantity)
       where item.order_id = ${id} and item.id = line.id`,
    );
  }
  if (attempt) {
    const { payment_id, state, captured_amount, refunded_amount, failure_code } = attempt;
    write(
      "attempt",
      `update payment_attempts set state = ${bind(state)}, captured_amount = ${bind(captured_amount)},
         refunded_amount = ${bind(refunded_amount)}, failure_code = ${bind(failure_code)}
       from changed where payment_id = ${bind(payment_id)}`,
    );
  }
  if (key) {
    const [answer, error] = outcomeValues(key.outcome).map(bind);
    write("key", finishing(`(select ${bind(key.resource_id)}::uuid from changed)`, `${answer}`, `${error}`));
  }
  const text = `with ${writes.join(", ")} select true${embed(parts, bind, "changed")} from changed`;
  return { name: nameWith(["order.change", ...used].join("."), parts), text, values };
}
