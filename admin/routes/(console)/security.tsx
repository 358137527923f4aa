import { page } from "fresh";
import { api } from "../../api.ts";
import { Checkbox, Field, Form } from "../../components/form.tsx";
import { Card, PageHead } from "../../components/ui.tsx";
import { setFlash } from "../../flash.ts";
import { attempt, type FormErrors, formOf, need, NO_ERRORS, textsOf } from "../../forms.ts";
import { texts } from "../../texts.ts";
import type { PlatformSettings } from "../../types.ts";
import { define } from "../../utils.ts";

const t = texts.security;

interface Data {
  require_totp: boolean;
  amount: string;
  errors: FormErrors;
}

/** The operator's rules for all staff. */
export const handler = define.handlers<Data>({
  GET: async (ctx) => {
    need(ctx.state, "platform:write");
    ctx.state.title = t.title;
    const { require_totp, step_up_refund_amount } = await api(ctx).get<PlatformSettings>("/settings");
    return page({ require_totp, amount: String(step_up_refund_amount), errors: NO_ERRORS });
  },
  POST: async (ctx) => {
    need(ctx.state, "platform:write");
    ctx.state.title = t.title;
    const form = await formOf(ctx.req);
    const { step_up_refund_amount: amount = "" } = textsOf(form);
    const settings = { require_totp: form.has("require_totp"), step_up_refund_amount: Number(amount || NaN) };
    const answer = await attempt(api(ctx).put<PlatformSettings>("/settings", settings));
    if ("errors" in answer) {
      return page({ require_totp: settings.require_totp, amount, errors: answer.errors }, { status: 422 });
    }
    await setFlash(ctx.state, t.saved);
    return ctx.redirect("/security", 303);
  },
});

export default define.page<typeof handler>(({ data: { require_totp, amount, errors } }) => (
  <div class="narrow">
    <PageHead title={t.title} back={["/settings", texts.settings.title]} />
    <Card>
      <Form errors={errors} main class="form">
        <Checkbox label={t.require} name="require_totp" checked={require_totp} />
        <p class="hint">{t.requireHint}</p>
        <Field
          label={t.amount}
          name="step_up_refund_amount"
          inputMode="numeric"
          value={amount}
          error={errors.fields.step_up_refund_amount}
          hint={t.amountHint}
          required
        />
        <div>
          <button type="submit" class="button primary">{texts.form.save}</button>
        </div>
      </Form>
    </Card>
  </div>
));
