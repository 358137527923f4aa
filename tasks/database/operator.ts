import { connectOwner } from "./check.ts";
import { Refusal } from "../shop/refusal.ts";

/** A shop without an operator could be run by nobody: the first time, production must say who it is. */
export async function refuseWithoutOperator(ownerUrl: string): Promise<void> {
  const client = await connectOwner(ownerUrl);
  try {
    const { rowCount } = await client.query(`select from "user".users where role = 'admin' limit 1`);
    if (!rowCount) {
      throw new Refusal("Cannot start in production for the first time as ADMIN_EMAIL and ADMIN_PASSWORD must be set.");
    }
  } finally {
    await client.end();
  }
}
