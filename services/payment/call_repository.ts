import type { Pool } from "../shared/postgres.ts";

/** After so long no call of ours can still be on its way to a provider. */
const CALL_LOST = "60 seconds";

/** What is noted of calls to providers, outside of any transaction, for nobody knows when they come back. */
export function createCallRepository(pool: Pool) {
  return {
    /** Notes that the provider is asked once more to charge. */
    async noteAsked(id: string): Promise<void> {
      await pool.query({
        name: "payment.note_asked",
        text: "update payments set asked_time = now() where id = $1",
        values: [id],
      });
    },

    /** Whether the provider was asked to charge so long ago, by the database's clock, that no call can still be on its way. */
    async isCallLost(id: string): Promise<boolean> {
      const { rows } = await pool.query<{ lost: boolean }>({
        name: "payment.is_call_lost",
        text: `select asked_time < now() - interval '${CALL_LOST}' as lost from payments where id = $1`,
        values: [id],
      });
      return rows[0]?.lost ?? false;
    },

    /** Stores the provider's own name of a charge; gives the one that was stored first. */
    async rememberReference(id: string, reference: string): Promise<string> {
      const { rows } = await pool.query<{ provider_reference: string }>({
        name: "payment.remember_reference",
        text: `update payments set provider_reference = coalesce(provider_reference, $2) where id = $1
               returning provider_reference`,
        values: [id, reference],
      });
      return rows[0]?.provider_reference ?? reference;
    },
  };
}
