import { page } from "fresh";
import { api } from "../../../api.ts";
import { Form } from "../../../components/form.tsx";
import { Card, PageHead } from "../../../components/ui.tsx";
import { setFlash } from "../../../flash.ts";
import { attempt, faults, formOf, need, NO_ERRORS, textsOf } from "../../../forms.ts";
import { texts } from "../../../texts.ts";
import type { PaymentMethod, PaymentSettings } from "../../../types.ts";
import { define } from "../../../utils.ts";

const t = texts.payments;
const CAPTURES = ["automatic", "manual"] as const;

async function load(ctx: Parameters<typeof api>[0]) {
  const { get } = api(ctx);
  const [settings, { data: methods }] = await Promise.all([
    get<PaymentSettings>("/payments/settings"),
    get<{ data: PaymentMethod[] }>("/payments/methods"),
  ]);
  return { settings, methods };
}

export const handler = define.handlers({
  GET: async (ctx) => {
    need(ctx.state, "payment:write");
    ctx.state.title = t.settings;
    return page({ ...await load(ctx), errors: NO_ERRORS });
  },
  POST: async (ctx) => {
    need(ctx.state, "payment:write");
    ctx.state.title = t.settings;
    const typed = textsOf(await formOf(ctx.req)).capture;
    const capture = CAPTURES.find((one) => one === typed);
    const answer = capture && await attempt(api(ctx).put<PaymentSettings>("/payments/settings", { capture }));
    if (answer && "value" in answer) {
      await setFlash(ctx.state, t.settingsSaved);
      return ctx.redirect("/payments/settings", 303);
    }
    return page({ ...await load(ctx), errors: answer?.errors ?? faults(texts.products.required) }, { status: 422 });
  },
});

export default define.page<typeof handler>(({ data: { settings, methods, errors }, state }) => (
  <div class="narrow stack">
    <PageHead title={`${t.settings}: ${state.store.name}`} back={["/payments", texts.nav.payments]} />
    <Card>
      <Form class="form" errors={errors} main>
        <fieldset id="f-capture">
          <legend>{t.capture}</legend>
          {CAPTURES.map((name) => (
            <label key={name} class="checkbox">
              <input type="radio" name="capture" value={name} checked={settings.capture === name} required />
              {t.captures[name]}
            </label>
          ))}
        </fieldset>
        <p class="hint">{t.captureHint}</p>
        <button type="submit" class="button primary">{texts.form.save}</button>
      </Form>
    </Card>
    <Card title={t.methods}>
      {methods.length === 0 ? <p>{t.noMethods}</p> : (
        <ul class="lines">
          {methods.map(({ id, name, kind }) => (
            <li key={id}>
              <span>{name}</span>
              <span class="muted">{t.kinds[kind] ?? kind}</span>
            </li>
          ))}
        </ul>
      )}
      <p class="hint">{t.methodsHint}</p>
    </Card>
  </div>
));
