import { EVENT_TYPES } from "../../services/shared/event_types.ts";
import type { FormErrors } from "../form_errors.ts";
import { texts } from "../texts.ts";
import type { WebhookValues } from "../webhooks/webhook_form.ts";
import { Checkbox, Field, Form } from "./form.tsx";

const t = texts.webhooks;

/** The form of a webhook, new or not. */
export function WebhookForm({ values, errors, submit }: { values: WebhookValues; errors: FormErrors; submit: string }) {
  const { fields } = errors;
  return (
    <Form errors={errors} main class="form">
      <input type="hidden" name="version" value={values.version} />
      <Field
        label={t.url}
        name="url"
        type="url"
        value={values.url}
        error={fields.url}
        hint={t.urlHint}
        maxLength={2000}
        required
      />
      <Field
        label={t.description}
        name="description"
        value={values.description}
        error={fields.description}
        rows={2}
        maxLength={2000}
      />
      <fieldset id="f-event_types">
        <legend>{t.events}</legend>
        {fields.event_types && <p class="field-error">{fields.event_types}</p>}
        <div class="fields">
          {["*", ...EVENT_TYPES].map((type) => (
            <Checkbox
              key={type}
              label={type === "*" ? t.allEvents : type}
              name="event_types"
              value={type}
              checked={values.event_types.includes(type)}
            />
          ))}
        </div>
      </fieldset>
      <Field label={t.status} name="status" value={values.status} options={Object.entries(t.statuses)} />
      <button type="submit" class="button primary">{submit}</button>
    </Form>
  );
}
