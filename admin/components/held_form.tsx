import type { HeldForm } from "../held_form.ts";
import { texts } from "../texts.ts";
import { Door } from "./door.tsx";
import { Form } from "./form.tsx";

interface Props {
  title: string;
  says: string;
  submit: string;
  /** Where who lets it be goes instead. */
  next: string;
  held: HeldForm;
}

/** Sends a form that was refused again, as it was typed. */
export function HeldFormPage({ title, says, submit, next, held: { path, fields } }: Props) {
  return (
    <Door title={title}>
      <p>{says}</p>
      <Form action={path} main unguarded>
        <HeldFields fields={fields} />
        <button type="submit" class="button primary wide">{submit}</button>
      </Form>
      <a href={next}>{texts.form.cancel}</a>
    </Door>
  );
}

/** A form's fields as they were typed, unseen. */
export function HeldFields({ fields }: Pick<HeldForm, "fields">) {
  return <>{fields.map(([name, value], index) => <input key={index} type="hidden" name={name} value={value} />)}</>;
}
