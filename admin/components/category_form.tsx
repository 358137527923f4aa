import type { FormErrors } from "../form_errors.ts";
import { texts } from "../texts.ts";
import type { Category } from "../types.ts";
import { Field, Form } from "./form.tsx";
import { categoryOptions } from "./product_form.tsx";

const t = texts.categories;

interface Props {
  typed: Record<string, string>;
  errors: FormErrors;
  /** The categories that it can be within. */
  parents: readonly Category[];
  submit: string;
}

/** The form of a category, new or not. */
export function CategoryForm({ typed, errors, parents, submit }: Props) {
  const { fields } = errors;
  return (
    <Form errors={errors} main class="form">
      <Field label={t.name} name="name" value={typed.name ?? ""} error={fields.name} maxLength={200} required />
      <Field
        label={t.slug}
        name="slug"
        value={typed.slug ?? ""}
        error={fields.slug}
        hint={t.slugHint}
        maxLength={200}
      />
      <Field
        label={t.parent}
        name="parent_id"
        value={typed.parent_id ?? ""}
        error={fields.parent_id}
        options={[["", t.noParent], ...categoryOptions(parents)]}
      />
      <button type="submit" class="button primary">{submit}</button>
    </Form>
  );
}
