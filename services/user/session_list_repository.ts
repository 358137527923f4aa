import type { ListSessionsResponse, SessionInfo } from "../../proto/gen/nano/user/v1/identity.ts";
import { decodeIdCursor, toPage } from "../shared/pagination.ts";
import { type Pool, transaction } from "../shared/postgres.ts";
import { endSessions } from "./session_repository.ts";

type Row = Omit<SessionInfo, "ip" | "user_agent"> & { network: string | null; user_agent: string | null };

/** Sessions as their owners see them. */
export function createSessionListRepository(pool: Pool) {
  return {
    /** A page of a user's live sessions, newest first: their ids are in the order of time. */
    listSessions: async (user_id: string, limit: number, cursor?: string): Promise<ListSessionsResponse> => {
      const { rows } = await pool.query<Row>({
        text: `select id, create_time, last_used_time, network, user_agent from sessions
               where user_id = $1 and end_time is null and expire_time > now() and ($3::uuid is null or id < $3)
               order by id desc limit $2`,
        values: [user_id, limit + 1, cursor ? decodeIdCursor(cursor) : null],
      });
      return toPage(rows.map(toSession), limit, ({ id }) => [id]);
    },

    /** Ends one of a user's live sessions. Gives whether there was such a one. */
    endSessionOf: (user_id: string, id: string, reason: "ended" | "staff"): Promise<boolean> =>
      transaction(pool, async (tx) => {
        const { rowCount } = await tx.query({
          name: "session.end_one",
          text: `update sessions set end_time = now(), end_reason = $3
                 where id = $2 and user_id = $1 and end_time is null and expire_time > now()`,
          values: [user_id, id, reason],
        });
        return rowCount === 1;
      }),

    /** Ends a user's sessions but the spared one. Gives their ids. */
    endSessionsOf: (user_id: string, reason: "ended" | "staff", spare?: string): Promise<string[]> =>
      transaction(pool, (tx) => endSessions(tx, user_id, reason, spare)),
  };
}

/** The network goes out as `ip`, as REST's clients know it. */
function toSession({ network, user_agent, ...session }: Row): SessionInfo {
  return { ...session, ...(network === null ? {} : { ip: network }), ...(user_agent === null ? {} : { user_agent }) };
}
