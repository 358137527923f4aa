import type { Pool, Sql } from "../shared/postgres.ts";
import { deleteInBatches } from "../shared/reap.ts";
import type { ImageFacts } from "./image.ts";

/** An image that is public. */
export interface Media extends ImageFacts {
  sha256: string;
  size: number;
}

export type MediaRepository = ReturnType<typeof createMediaRepository>;

/** The statements on images and their uploads. */
export function createMediaRepository(pool: Pool) {
  return {
    async find(sha256: string): Promise<Media | undefined> {
      const { rows: [row] } = await pool.query<Media>({
        name: "media.find",
        text: "select sha256, type, size, width, height from media where sha256 = $1",
        values: [sha256],
      });
      return row;
    },

    /** A part of a public image. */
    async chunk(sha256: string, position: number): Promise<Uint8Array | undefined> {
      const { rows: [row] } = await pool.query<{ data: Uint8Array }>({
        name: "media.chunk",
        text: `select c.data from media m join media_chunks c on c.media_id = m.id
               where m.sha256 = $1 and c.position = $2`,
        values: [sha256, position],
      });
      return row?.data;
    },

    /** Keeps a part of an upload; one that is there already, or of an upload that has ended, stays as it is. */
    async putChunk(upload_id: string, position: number, data: Uint8Array): Promise<void> {
      await pool.query({
        name: "media.put_chunk",
        text: `with upload as (
                 insert into media (id) values ($1) on conflict (id) do update set id = excluded.id
                 where media.sha256 is null returning id
               )
               insert into media_chunks (media_id, position, data) select id, $2, $3 from upload
               on conflict (media_id, position) do nothing`,
        values: [upload_id, position, data],
      });
    },

    /** The parts of an upload, in their order, up to the first one that is missing. */
    async uploaded(upload_id: string): Promise<Uint8Array[]> {
      const { rows } = await pool.query<{ position: number; data: Uint8Array }>({
        name: "media.uploaded",
        text: "select position, data from media_chunks where media_id = $1 order by position",
        values: [upload_id],
      });
      const gap = rows.findIndex((row, index) => row.position !== index);
      return rows.slice(0, gap < 0 ? undefined : gap).map((row) => row.data);
    },

    /** Makes an upload public. The unique hash refuses what is there already. */
    async finish(upload_id: string, media: Media): Promise<void> {
      await pool.query({
        name: "media.finish",
        text: `update media set sha256 = $2, type = $3, size = $4, width = $5, height = $6
               where id = $1 and sha256 is null`,
        values: [upload_id, media.sha256, media.type, media.size, media.width, media.height],
      });
    },

    /** Forgets an upload that has not ended. */
    async forget(upload_id: string): Promise<void> {
      await pool.query({ text: "delete from media where id = $1 and sha256 is null", values: [upload_id] });
    },

    /** Forgets uploads that never ended. */
    async reap(sql: Sql = pool): Promise<void> {
      await deleteInBatches(sql, "media", "sha256 is null and create_time < now() - interval '1 hour'");
    },
  };
}
