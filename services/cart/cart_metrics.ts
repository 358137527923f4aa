import { counter } from "../shared/metrics.ts";
import { onCommit, type Tx } from "../shared/postgres.ts";

const funnel = counter("nano_funnel_total", "Carts opened, orders placed, orders paid.", ["step"]);

/** Counts a cart that is opened, once that is committed. */
export function countOpened(tx: Tx): void {
  onCommit(tx, () => funnel.inc({ step: "cart" }));
}
