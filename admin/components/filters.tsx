import { texts } from "../texts.ts";
import { Field } from "./form.tsx";

interface Choice {
  name: string;
  label: string;
  options: readonly (readonly [value: string, text: string])[];
}

interface FiltersProps {
  url: URL;
  /** What the search looks at. */
  search?: string;
  choices?: readonly Choice[];
  /** What the button says. */
  submit?: string;
  /** Whether to choose a span of days. */
  days?: boolean;
}

/** What narrows a list: a form that only changes the URL. */
export function Filters({ url, search, choices = [], submit = texts.filters.apply, days }: FiltersProps) {
  const value = (name: string) => url.searchParams.get(name) ?? "";
  return (
    <form method="get" action={url.pathname} class="filters no-print">
      {search && (
        <div class="grow">
          <Field label={search} name="q" type="search" value={value("q")} maxLength={200} />
        </div>
      )}
      {choices.map(({ name, label, options }) => (
        <Field key={name} label={label} name={name} value={value(name)} options={options} />
      ))}
      {days && (
        <>
          <Field label={texts.filters.from} name="from" type="date" value={value("from")} />
          <Field label={texts.filters.to} name="to" type="date" value={value("to")} />
        </>
      )}
      {value("sort") && <input type="hidden" name="sort" value={value("sort")} />}
      <button type="submit" class="button">{submit}</button>
    </form>
  );
}
