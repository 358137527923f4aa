import { counter } from "../shared/metrics.ts";
import { onCommit, type Tx } from "../shared/postgres.ts";

const funnel = counter("nano_funnel_total", "Carts opened, orders placed, orders paid.", ["step"]);

/** Counts a cart that is opened: once that is committed where a transaction does it. */
export function countOpened(tx?: Tx): void {
  const count = () => funnel.inc({ step: "cart" });
  if (tx) onCommit(tx, count);
  else count();
}
