import { Buffer } from "node:buffer";
import type pg from "pg";

/** What of pg's connection a COPY needs; its types leave these out. */
interface Wire {
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
  sync(): void;
}

/** One value of a row, or null. */
export type Cell = string | number | boolean | null;

/** Sends rows by COPY: `table` is the table with its columns, as in "products (id, name)". */
export function copy(client: pg.Client, table: string, rows: readonly (readonly Cell[])[]): Promise<void> {
  return new Promise((resolve, reject) => {
    // What pg calls of a query while it runs: it has no class for this one.
    client.query({
      submit: (wire: Wire) => wire.query(`copy ${table} from stdin`),
      handleCopyInResponse(wire: Wire) {
        for (let from = 0; from < rows.length; from += 500) {
          wire.sendCopyFromChunk(Buffer.from(rows.slice(from, from + 500).map(line).join("")));
        }
        wire.endCopyFrom();
      },
      handleCommandComplete() {},
      handleReadyForQuery: () => resolve(),
      handleError: (error: Error) => reject(error),
    } as unknown as pg.Submittable);
  });
}

/** A row in COPY's text format. */
export function line(row: readonly Cell[]): string {
  return `${row.map(cell).join("\t")}\n`;
}

const ESCAPES: Record<string, string> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

function cell(value: Cell): string {
  if (value === null) return "\\N";
  return typeof value === "string"
    ? value.replaceAll(/[\\\t\n\r]/g, (found) => ESCAPES[found] ?? found)
    : String(value);
}
