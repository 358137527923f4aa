import { eraseEventData } from "../shared/person.ts";
import { type Pool, transaction } from "../shared/postgres.ts";

const MAX_EVENTS = 1_000;

/** Events about the objects in $1: the user, orders, and payments of those orders. */
const ABOUT = "(data ->> 'id' = any($1) or (data ? 'payment' and data #>> '{payment,order_id}' = any($1)))";

/** The statements on all events that tell of one person; they are kept for 30 days. */
export function createPersonRepository(pool: Pool) {
  return {
    async exportPerson(user_id: string): Promise<unknown[]> {
      const { rows } = await pool.query({
        name: "event.export_person",
        text: `select id, store_id, type, time, data from events where ${ABOUT} order by id limit ${MAX_EVENTS}`,
        values: [[user_id]],
      });
      return rows;
    },

    /** Takes a person out of the events about these objects, and out of what endpoints answered to them. */
    erasePerson: (ids: string[]): Promise<void> =>
      transaction(pool, async (tx) => {
        const { rows } = await tx.query<{ id: string; type: string; data: Record<string, unknown> }>({
          name: "event.about_person",
          text: `select id, type, data from events where ${ABOUT} order by id for update`,
          values: [ids],
        });
        for (const { id, type, data } of rows) {
          await tx.query({
            name: "event.erase_person",
            text: "update events set data = $2 where id = $1",
            values: [id, JSON.stringify(eraseEventData(type, data))],
          });
        }
        await tx.query({
          name: "webhook.erase_answers",
          text: "select erase_answers($1::uuid[])",
          values: [rows.map(({ id }) => id)],
        });
      }),
  };
}
