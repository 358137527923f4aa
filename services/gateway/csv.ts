import { parse } from "csv-parse/sync";
import { currentContext, withContext } from "../shared/context.ts";
import { invalid, NanoError } from "../shared/errors.ts";
import { watched } from "../shared/streams.ts";
import type { RequestContext } from "./env.ts";

/** A line of a table; lines are counted from 1, the header's. */
export interface CsvRow {
  line: number;
  cells: string[];
}

/** What a spreadsheet would take for a formula, or for the mark that it is none. */
const FORMULA = /^[=+\-@\t\r]/;

/** So many lines are read, those of nothing but separators too: one that is shorter than the header costs most. */
const MAX_LINES = 10_000;

/** How long one page of a download may take; the whole has no limit but the client's patience. */
const PAGE_MS = 5_000;

/** A line of a table (RFC 4180). A cell that a spreadsheet would run as a formula gets a leading apostrophe. */
export function csvLine(cells: readonly (string | number | undefined)[]): string {
  return cells.map((cell) => quoted(guarded(String(cell ?? "")))).join(",") + "\r\n";
}

/** Reads a table: UTF-8, separated by commas, semicolons or tabs. Throws `invalid_csv`, and `too_many_rows` beyond 10,000. */
export function parseCsv(bytes: Uint8Array): { header: string[]; rows: CsvRow[] } {
  const text = decoded(bytes);
  try {
    const records = parse(text, {
      delimiter: delimiterOf(text),
      // Looked for by the parser, they cost 3 µs for each character before the first.
      record_delimiter: ["\r\n", "\n", "\r"],
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      to: MAX_LINES + 1,
    }) as unknown as { record: string[]; info: { lines: number } }[];
    if (records.length > MAX_LINES) throw invalid("too_many_rows", "The table has too many lines.");
    const rows = records.map(({ record, info }) => ({
      // The count stands at a record's end; line breaks within its cells came before.
      line: info.lines - record.reduce((sum, cell) => sum + cell.split(/\r\n|\r|\n/).length - 1, 0),
      cells: record.map((cell) => cell.replace(/^'(?=[=+\-@\t\r])/, "")),
    }));
    return { header: rows[0]?.cells ?? [], rows: rows.slice(1).filter((row) => row.cells.some((cell) => cell.trim())) };
  } catch (error) {
    if (error instanceof NanoError) throw error;
    throw invalid("invalid_csv", `The table can't be read: ${error instanceof Error ? error.message : "malformed"}.`);
  }
}

/** Reads a page of a download: its text, and the cursor of the next page. */
export type ReadPage = (cursor: string | undefined) => Promise<{ lines: string; next_cursor?: string | undefined }>;

/** Streams a table page by page, so that its size is bounded by nothing. The first page is read before it answers. */
export async function csvDownload(
  c: RequestContext,
  name: string,
  header: string[],
  read: ReadPage,
): Promise<Response> {
  return await download(c, name, "text/csv; charset=utf-8", csvLine(header), read);
}

/** Streams a file of any type page by page, as csvDownload does a table. */
export async function download(
  c: RequestContext,
  name: string,
  type: string,
  header: string,
  read: ReadPage,
): Promise<Response> {
  const context = currentContext();
  const page = (cursor: string | undefined) =>
    context ? withContext({ ...context, deadline: Date.now() + PAGE_MS }, () => read(cursor)) : read(cursor);
  const encoder = new TextEncoder();
  let next = await page(undefined);
  let head = header;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { lines, next_cursor } = next;
      if (head || lines) controller.enqueue(encoder.encode(head + lines));
      head = "";
      if (next_cursor === undefined) controller.close();
      else next = await page(next_cursor);
    },
  }, { highWaterMark: 1 });
  return c.body(watched(body, c.env), 200, {
    "Content-Type": type,
    "Content-Disposition": `attachment; filename="${name}"`,
    "Cache-Control": "no-store",
  });
}

function guarded(cell: string): string {
  return FORMULA.test(cell) ? `'${cell}` : cell;
}

function quoted(cell: string): string {
  return /[",;\r\n\t]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw invalid("invalid_csv", "The table must be UTF-8.");
  }
}

/** The separator that the header has most of. */
function delimiterOf(text: string): string {
  const header = text.slice(0, text.search(/[\r\n]|$/));
  const count = (mark: string) => header.split(mark).length;
  return [",", ";", "\t"].reduce((best, mark) => count(mark) > count(best) ? mark : best);
}
