import { texts } from "../texts.ts";
import type { AuditEntry } from "../types.ts";

const t = texts.audit;
const MAX_SHOWN = 1200;

/** What a change did, field by field: in short, and before and after when opened. */
export function AuditChange({ entry: { before, after, request_id } }: { entry: AuditEntry }) {
  const fields = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])]
    .filter((field) => text(before?.[field]) !== text(after?.[field]));
  return (
    <details class="disclosure change">
      <summary>{fields.slice(0, 4).join(", ")}{fields.length > 4 && " …"}</summary>
      <table>
        <thead>
          <tr>
            <th scope="col">{texts.products.conflict.field}</th>
            <th scope="col">{t.before}</th>
            <th scope="col">{t.after}</th>
          </tr>
        </thead>
        <tbody>
          {fields.map((field) => (
            <tr key={field}>
              <th scope="row">{field}</th>
              <td class="wrap">{text(before?.[field])}</td>
              <td class="wrap">{text(after?.[field])}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {request_id && <p class="muted">{t.request} {request_id}</p>}
    </details>
  );
}

function text(value: unknown): string {
  if (value === undefined || value === null) return "";
  const full = typeof value === "string" ? value : JSON.stringify(value);
  return full.length > MAX_SHOWN ? `${full.slice(0, MAX_SHOWN)}…` : full;
}
