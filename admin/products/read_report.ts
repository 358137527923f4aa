import { z } from "zod";
import type { ImportReport } from "../types.ts";

const text = z.string().max(20_000);
const count = z.int().min(0);

const Report = z.object({
  dry_run: z.boolean(),
  created: count,
  updated: count,
  unchanged: count,
  refused: z.array(z.object({ line: count, code: text, message: text })).max(4_000),
  changes: z.array(z.object({
    line: count,
    slug: text,
    sku: text.exactOptional(),
    field: text,
    from: text,
    to: text,
  })).max(2_000),
  changes_left_off: count,
});

/** The report that the page's script heard while the import went on; undefined for what is none of the kind asked for. */
export function readReport(given: unknown, dry_run: boolean): ImportReport | undefined {
  try {
    const report = Report.parse(JSON.parse(String(given ?? "")));
    return report.dry_run === dry_run ? report : undefined;
  } catch {
    return undefined;
  }
}
