import type { FormErrors } from "../form_errors.ts";
import type { StoreValues } from "../stores/store_form.ts";
import { texts } from "../texts.ts";
import { Checkbox, Field, Form } from "./form.tsx";

const t = texts.stores;
const LOCALES = ["en-US", "en-GB", "de-DE", "fr-FR", "es-ES", "it-IT", "nl-NL", "pl-PL", "pt-BR", "ja-JP", "ar-EG"];
const CURRENCIES = ["USD", "EUR", "GBP", "CHF", "JPY", "CAD", "AUD", "SEK", "PLN", "BRL", "KWD"];

interface Props {
  values: StoreValues;
  errors: FormErrors;
  submit: string;
}

/** The form of a store, new or not. */
export function StoreForm({ values, errors, submit }: Props) {
  const { fields } = errors;
  const isNew = !values.version;
  return (
    <Form errors={errors} main class="form">
      <input type="hidden" name="version" value={values.version} />
      <Field label={t.name} name="name" value={values.name} error={fields.name} maxLength={200} required />
      <Field
        label={t.slug}
        name="slug"
        value={values.slug}
        error={fields.slug}
        hint={t.slugHint}
        maxLength={63}
        required
      />
      <div class="fields level">
        <Field
          label={t.currency}
          name="currency"
          value={values.currency}
          error={fields.currency}
          hint={isNew ? t.currencyHint : t.currencyFixed}
          list="currencies"
          maxLength={3}
          readOnly={!isNew}
          required
        />
        <Field
          label={t.country}
          name="country"
          value={values.country}
          error={fields.country}
          hint={t.countryHint}
          maxLength={2}
          required
        />
        <Field
          label={t.locale}
          name="locale"
          value={values.locale}
          error={fields.locale}
          hint={t.localeHint}
          list="locales"
          maxLength={35}
        />
      </div>
      <div class="fields level">
        <Field
          label={t.tax}
          name="tax_rate"
          value={values.tax_rate}
          error={fields.tax_rate}
          inputMode="decimal"
          maxLength={8}
        />
        <Checkbox label={t.taxIncluded} name="tax_included" checked={values.tax_included} />
      </div>
      <Field
        label={t.origins}
        name="origins"
        value={values.origins}
        error={fields.origins}
        hint={t.originsHint}
        rows={3}
        maxLength={6000}
      />
      <Choices id="currencies" values={CURRENCIES} />
      <Choices id="locales" values={LOCALES} />
      <button type="submit" class="button primary">{submit}</button>
    </Form>
  );
}

function Choices({ id, values }: { id: string; values: readonly string[] }) {
  return <datalist id={id}>{values.map((value) => <option key={value} value={value} />)}</datalist>;
}
