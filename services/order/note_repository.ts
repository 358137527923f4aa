import type { Note } from "../../proto/gen/nano/order/v1/order.ts";
import type { Pool } from "../shared/postgres.ts";

/** The statements on staff's notes. */
export function createNoteRepository(pool: Pool) {
  return {
    /** Writes a note; undefined where there are too many. */
    async insertNote(note: Omit<Note, "create_time">, at_most: number): Promise<Note | undefined> {
      const { rows: [row] } = await pool.query<Note & { create_time: Date }>({
        name: "order.insert_note",
        text: `insert into order_notes (id, order_id, actor, text)
               select $1, $2, $3, $4 where (select count(*) from order_notes where order_id = $2) < $5
               returning id, order_id, actor, text, create_time`,
        values: [note.id, note.order_id, note.actor, note.text, at_most],
      });
      return row;
    },

    async listNotes(order_id: string): Promise<Note[]> {
      const { rows } = await pool.query<Note & { create_time: Date }>({
        name: "order.list_notes",
        text: `select id, order_id, actor, text, create_time from order_notes
               where order_id = $1 order by create_time, id`,
        values: [order_id],
      });
      return rows;
    },
  };
}
