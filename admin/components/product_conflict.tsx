import type { Change } from "../audit.ts";
import { ago } from "../format.ts";
import type { Difference } from "../products/conflict.ts";
import { texts } from "../texts.ts";

const t = texts.products.conflict;

interface Props {
  id: string;
  change: Change;
  differences: Difference[];
  locale: string;
}

/** Tells that somebody else was faster, and where theirs differs from what was typed. */
export function ProductConflict({ id, change, differences, locale }: Props) {
  return (
    <section class="card conflict" role="alert">
      <h2>{t.title}</h2>
      <p>
        <strong>{t.by(change.who ?? t.somebody, ago(change.time, locale))}</strong> {t.explain}{" "}
        <a href={`/products/${id}`} target="_blank">{t.open}</a>
      </p>
      {differences.length === 0
        ? <p>{t.same}</p>
        : (
          <div class="table-wrap" role="region" aria-label={t.title} tabIndex={0}>
            <table>
              <thead>
                <tr>
                  {[t.field, t.theirs, t.yours].map((title) => <th key={title} scope="col">{title}</th>)}
                </tr>
              </thead>
              <tbody>
                {differences.map(({ field, theirs, yours }) => (
                  <tr key={field}>
                    <th scope="row">{field}</th>
                    <td class="wrap">{theirs || texts.table.none}</td>
                    <td class="wrap">{yours || texts.table.none}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
    </section>
  );
}
