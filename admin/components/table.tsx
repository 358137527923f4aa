import type { ComponentChildren } from "preact";
import { ChooseAll } from "../islands/ChooseAll.tsx";
import { texts } from "../texts.ts";

export interface Column<T> {
  title: string;
  cell: (row: T) => ComponentChildren;
  /** At the right, in figures that stand below each other. */
  numeric?: boolean;
  /** Left out on a phone. */
  wide?: boolean;
  /** On a phone, where the head is not seen, the title stands before the value. */
  labelled?: boolean;
  /** On a phone, in a line of its own. */
  line?: boolean;
  /** A button: on a phone at the right of the first column. */
  act?: boolean;
  /** The field by which a click on the title sorts. */
  sort?: string;
}

interface TableProps<T extends { id: string }> {
  /** What it lists, for who cannot see it. */
  label: string;
  rows: readonly T[];
  columns: readonly Column<T>[];
  /** Where a row leads: its first column is the link. */
  href?: (row: T) => string;
  /** Adds boxes to choose rows by, as field `ids` of the form with this id; gives a row's name. */
  choose?: { form: string; name: (row: T) => string };
  /** The page's URL, for sorting. */
  url?: URL;
}

/** A list as a table; a row is one click. */
export function Table<T extends { id: string }>({ label, rows, columns, href, choose, url }: TableProps<T>) {
  return (
    <div class="table-wrap" role="region" aria-label={label} tabIndex={0}>
      <table class="list" role="table">
        <thead>
          <tr role="row">
            {choose && (
              <th class="choose" scope="col" role="columnheader">
                <span class="visually-hidden">{texts.table.choose(label)}</span>
                <ChooseAll form={choose.form} label={texts.table.chooseAll} />
              </th>
            )}
            {columns.map((column) => (
              <th key={column.title} scope="col" role="columnheader" class={classOf(column)} {...ariaSort(column, url)}>
                {column.sort && url ? <a href={sortLink(url, column.sort)}>{column.title}</a> : column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.id} role="row">
              {choose && (
                <td class="choose" role="cell">
                  <input
                    type="checkbox"
                    name="ids"
                    value={row.id}
                    form={choose.form}
                    aria-label={texts.table.choose(choose.name(row))}
                  />
                </td>
              )}
              {columns.map((column, index) => (
                <td
                  key={column.title}
                  role="cell"
                  class={`${classOf(column)}${index === 0 ? " lead" : ""}`}
                  {...(column.labelled ? { "data-title": column.title } : {})}
                >
                  {index === 0 && href ? <a class="row-link" href={href(row)}>{column.cell(row)}</a> : column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function classOf<T>({ numeric, wide, line, act }: Column<T>): string {
  return [numeric && "numeric", wide && "wide-only", line && "line", act && "act"].filter(Boolean).join(" ");
}

function ariaSort<T>({ sort }: Column<T>, url?: URL) {
  const now = url?.searchParams.get("sort");
  if (!sort || (now !== sort && now !== `-${sort}`)) return {};
  return { "aria-sort": now === sort ? "ascending" as const : "descending" as const };
}

function sortLink(url: URL, field: string): string {
  return withQuery(url, { sort: url.searchParams.get("sort") === `-${field}` ? field : `-${field}`, cursor: "" });
}

/** The page's URL with some parameters changed; an empty one goes. */
export function withQuery(url: URL, changes: Record<string, string>): string {
  const changed = new URL(url);
  for (const [name, value] of Object.entries(changes)) {
    if (value) changed.searchParams.set(name, value);
    else changed.searchParams.delete(name);
  }
  return changed.pathname + changed.search;
}

/** Keyset pages: on, or to the first; the browser goes back. */
export function Pagination({ url, next_cursor, total }: { url: URL; next_cursor: string | null; total?: string }) {
  const inside = url.searchParams.has("cursor");
  if (!inside && !next_cursor && !total) return null;
  return (
    <nav class="pagination" aria-label={texts.table.pages}>
      <span class="muted">{total}</span>
      {inside && <a class="button" href={withQuery(url, { cursor: "" })}>{texts.table.first}</a>}
      {next_cursor && <a class="button" href={withQuery(url, { cursor: next_cursor })}>{texts.table.next} →</a>}
    </nav>
  );
}
