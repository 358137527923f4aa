import type { ComponentChildren } from "preact";
import type { FormErrors } from "../form_errors.ts";
import { texts } from "../texts.ts";
import { Field } from "./form.tsx";

/** A page before the sign-in: for whoever comes, with a link of a mail or without. */
export function Door({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <main class="sign-in">
      <div class="brand">{texts.shop}</div>
      <div class="card stack">
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
}

/** A new password, twice; `label` and `again` name the fields. */
export function NewPassword(
  { errors, label, again, hint }: { errors: FormErrors; label: string; again: string; hint: string },
) {
  const fields = [["password", label, hint], ["again", again]] as const;
  return (
    <>
      {fields.map(([name, text, says]) => (
        <Field
          key={name}
          label={text}
          name={name}
          type="password"
          autocomplete="new-password"
          error={errors.fields[name]}
          required
          {...(says ? { hint: says } : {})}
        />
      ))}
    </>
  );
}
