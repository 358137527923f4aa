import type { ComponentChildren, JSX } from "preact";
import { useContext } from "preact/hooks";
import { type FormErrors, NO_ERRORS } from "../form_errors.ts";
import { UnsavedGuard } from "../islands/UnsavedGuard.tsx";
import { texts } from "../texts.ts";
import { Place } from "./place.ts";
import { withQuery } from "./table.tsx";

interface FormProps {
  errors?: FormErrors;
  /** The page's main form, whose changes are not lost unasked. */
  main?: boolean;
  /** Whether to let go of what was typed unasked, as at the sign-in. */
  unguarded?: boolean;
  /** Something was typed and not saved yet; so it is where something was refused. */
  changed?: boolean;
  action?: string;
  upload?: boolean;
  class?: string;
  id?: string;
  "aria-label"?: string;
  children: ComponentChildren;
}

/**
 * A form that posts to its own page, in the store that the page shows, and says on top what was refused. Every form
 * that posts is one: meanwhile another tab may have switched to another store.
 */
export function Form({ errors = NO_ERRORS, main, unguarded, changed, action, upload, children, ...rest }: FormProps) {
  const place = useContext(Place);
  const target = place ? withQuery(new URL(action ?? place.url, place.url), { store: place.store }) : action;
  const refused = errors.summary !== "" || Object.keys(errors.fields).length > 0;
  return (
    <form
      {...rest}
      method="post"
      {...(target ? { action: target } : {})}
      {...(main ? { "data-main": "" } : {})}
      {...(upload ? { enctype: "multipart/form-data" } : {})}
    >
      {main && !unguarded && <UnsavedGuard changed={changed ?? refused} />}
      <ErrorSummary errors={errors} />
      {children}
    </form>
  );
}

/** All that was refused, with links to the fields. It is where the page opens, however far down its form stands. */
export function ErrorSummary({ errors: { summary, fields } }: { errors: FormErrors }) {
  const entries = Object.entries(fields);
  if (!summary && entries.length === 0) return null;
  // What a field says is not said twice.
  const more = entries.some(([, message]) => message.endsWith(summary)) ? "" : summary;
  return (
    <div class="error-summary" role="alert" tabIndex={-1} autofocus>
      <p>
        <strong>{texts.form.errors}.</strong> {more}
      </p>
      {entries.length > 0 && (
        <ul>
          {entries.map(([name, message]) => (
            <li key={name}>
              <a href={`#f-${name}`}>{nameOf(name)}: {message}</a>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** What people call a field; one of a table is named with its line: "variant_sku.0". */
function nameOf(field: string): string {
  const [, column = field, line] = /^(\w+)\.(\d+)$/.exec(field) ?? [];
  const text = texts.form.fields[column] ?? column.replaceAll(/[_./]/g, " ");
  const name = text.charAt(0).toUpperCase() + text.slice(1);
  return line ? texts.form.line(name, Number(line) + 1) : name;
}

type Input = Omit<JSX.IntrinsicElements["input"], "label" | "name" | "id" | "ref">;

interface FieldProps extends Input {
  label: string;
  /** The contract's name. */
  name: string;
  error?: string | undefined;
  hint?: string;
  /** Several lines. */
  rows?: number;
  /** A choice: value and text. */
  options?: readonly (readonly [value: string, text: string])[];
}

/** A label above its field, the fault beside it. */
export function Field({ label, name, error, hint, rows, options, ...input }: FieldProps) {
  const id = `f-${name}`;
  const said = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  const common = {
    id,
    name,
    ...(said ? { "aria-describedby": said } : {}),
    ...(error ? { "aria-invalid": "true" as const } : {}),
  };
  return (
    <div class={`field${error ? " wrong" : ""}`}>
      <label for={id}>{label}</label>
      {hint && <p class="hint" id={`${id}-hint`}>{hint}</p>}
      {options
        ? (
          <select {...common} required={input.required} disabled={input.disabled}>
            {options.map(([value, text]) => (
              <option key={value} value={value} selected={value === String(input.value ?? "")}>{text}</option>
            ))}
          </select>
        )
        : rows
        ? (
          <textarea {...common} rows={rows} required={input.required} maxLength={input.maxLength}>
            {input.value}
          </textarea>
        )
        : <input type="text" {...input} {...common} />}
      {error && <p class="field-error" id={`${id}-error`}>{error}</p>}
    </div>
  );
}

/** A box to tick, its text behind it. */
export function Checkbox({ label, name, ...input }: FieldProps) {
  return (
    <label class="checkbox">
      <input {...input} type="checkbox" name={name} />
      {label}
    </label>
  );
}

interface ConfirmProps {
  /** On the button that opens it. */
  label: string;
  /** What the act will do. */
  says: string;
  /** On the button that does it. */
  does?: string;
  danger?: boolean;
  name?: string;
  value?: string;
  children?: ComponentChildren;
}

/** Asks once: opens to what it will do and the button that does it. Stands within a form; needs no script. */
export function ConfirmButton({ label, says, does = label, danger = true, name, value, children }: ConfirmProps) {
  return (
    <details class="confirm">
      <summary class={`button${danger ? " danger" : ""}`}>{label}</summary>
      <div class="confirm-box">
        <p>{says}</p>
        {children}
        <button
          type="submit"
          class={`button ${danger ? "danger-solid" : "primary"}`}
          {...(name ? { name, value } : {})}
        >
          {does}
        </button>
      </div>
    </details>
  );
}
