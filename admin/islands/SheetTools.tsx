import { useEffect } from "preact/hooks";

interface Props {
  /** The id of the table whose body's last row is copied. */
  table: string;
  label: string;
}

/** Makes a table of fields work like a sheet: another row, arrows up and down, a pasted block fills the cells. */
export function SheetTools({ table, label }: Props) {
  useEffect(() => {
    const sheet = document.getElementById(table);
    if (!sheet) return;
    const onKey = (event: KeyboardEvent) => move(event, sheet);
    const onPaste = (event: ClipboardEvent) => paste(event, sheet);
    sheet.addEventListener("keydown", onKey);
    sheet.addEventListener("paste", onPaste);
    return () => {
      sheet.removeEventListener("keydown", onKey);
      sheet.removeEventListener("paste", onPaste);
    };
  }, [table]);
  const add = () => {
    const sheet = document.getElementById(table);
    if (sheet) fieldsOf(addRow(sheet))[0]?.focus();
  };
  return <button type="button" class="button" onClick={add}>{label}</button>;
}

function rowsOf(sheet: Element): HTMLTableRowElement[] {
  return [...sheet.querySelectorAll<HTMLTableRowElement>("tbody tr")];
}

function fieldsOf(row: Element | undefined): HTMLInputElement[] {
  return [...row?.querySelectorAll<HTMLInputElement>("input[data-cell]") ?? []];
}

/** A copy of the last row, which is a spare one, with nothing in its fields. */
function addRow(sheet: Element): HTMLTableRowElement | undefined {
  const last = rowsOf(sheet).at(-1);
  const copy = last?.cloneNode(true) as HTMLTableRowElement | undefined;
  for (const field of copy?.querySelectorAll("input") ?? []) {
    field.value = "";
    for (const name of ["id", "aria-invalid", "aria-describedby"]) field.removeAttribute(name);
    const label = field.getAttribute("aria-label");
    if (label) field.setAttribute("aria-label", label.replace(/\d+$/, (number) => String(Number(number) + 1)));
  }
  for (const fault of copy?.querySelectorAll(".field-error") ?? []) fault.remove();
  if (copy) last?.after(copy);
  return copy;
}

/** The field so many rows further down in the same column; one that a row lacks leaves the others in their places. */
function below(sheet: Element, field: HTMLInputElement, rows: number): HTMLInputElement | undefined {
  const all = rowsOf(sheet);
  const at = all.findIndex((row) => row.contains(field));
  return fieldsOf(all[at + rows]).find(({ name }) => name === field.name);
}

function move(event: KeyboardEvent, sheet: Element): void {
  const field = event.target;
  if (!(field instanceof HTMLInputElement) || !field.matches("[data-cell]")) return;
  const rows = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!rows) return;
  event.preventDefault();
  below(sheet, field, rows)?.focus();
}

function paste(event: ClipboardEvent, sheet: Element): void {
  const field = event.target;
  const text = event.clipboardData?.getData("text/plain") ?? "";
  if (!(field instanceof HTMLInputElement) || !/[\t\n]/.test(text.trim())) return;
  event.preventDefault();
  const row = field.closest("tr") ?? undefined;
  const first = fieldsOf(row).indexOf(field);
  for (const [down, line] of text.replace(/\r?\n$/, "").split(/\r?\n/).entries()) {
    const at = rowsOf(sheet).findIndex((one) => one === row) + down;
    const fields = fieldsOf(rowsOf(sheet)[at] ?? addRow(sheet)).slice(Math.max(first, 0));
    for (const [index, value] of line.split("\t").entries()) {
      const cell = fields[index];
      if (cell) cell.value = value.trim();
    }
  }
  field.dispatchEvent(new Event("input", { bubbles: true }));
}
