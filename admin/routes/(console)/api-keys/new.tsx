import { page } from "fresh";
import { KEY_SCOPES } from "../../../../services/shared/permissions.ts";
import { api } from "../../../api.ts";
import { Checkbox, Field, Form } from "../../../components/form.tsx";
import { Card, PageHead } from "../../../components/ui.tsx";
import { setFlash } from "../../../flash.ts";
import { attempt, type FormErrors, formOf, need, NO_ERRORS, textsOf } from "../../../forms.ts";
import { texts } from "../../../texts.ts";
import type { ApiKey } from "../../../types.ts";
import { define, may } from "../../../utils.ts";

const t = texts.apiKeys;

interface Data {
  name: string;
  kind: string;
  scopes: string[];
  errors: FormErrors;
}

export const handler = define.handlers<Data>({
  GET: (ctx) => {
    need(ctx.state, "key:write");
    ctx.state.title = t.new;
    return page({ name: "", kind: "secret", scopes: [], errors: NO_ERRORS });
  },
  POST: async (ctx) => {
    need(ctx.state, "key:write");
    ctx.state.title = t.new;
    const form = await formOf(ctx.req);
    const { name = "", kind = "" } = textsOf(form);
    const scopes = form.getAll("scopes").map(String);
    const body = { name, kind, scopes: kind === "secret" ? scopes : [] };
    const answer = await attempt(api(ctx).post<ApiKey & { key: string }>("/api-keys", body));
    if ("errors" in answer) return page({ name, kind, scopes, errors: answer.errors }, { status: 422 });
    // The flash is sealed and shown once: as long as the key is.
    await setFlash(ctx.state, t.created(answer.value.key));
    return ctx.redirect("/api-keys", 303);
  },
});

export default define.page<typeof handler>(({ data: { name, kind, scopes, errors }, state }) => (
  <div class="narrow">
    <PageHead title={t.new} back={["/api-keys", t.title]} />
    <Card>
      <Form errors={errors} main class="form">
        <Field
          label={t.name}
          name="name"
          value={name}
          error={errors.fields.name}
          hint={t.nameHint}
          maxLength={200}
          required
        />
        <Field
          label={t.kind}
          name="kind"
          value={kind}
          error={errors.fields.kind}
          hint={t.kindHint}
          options={[["secret", t.kinds.secret], ["publishable", t.kinds.publishable]]}
        />
        <fieldset id="f-scopes">
          <legend>{t.scopes}</legend>
          <p class="hint">{t.scopesHint}</p>
          {errors.fields.scopes && <p class="field-error">{errors.fields.scopes}</p>}
          <div class="fields">
            {KEY_SCOPES.filter((scope) => may(state, scope)).map((scope) => (
              <Checkbox key={scope} label={scope} name="scopes" value={scope} checked={scopes.includes(scope)} />
            ))}
          </div>
        </fieldset>
        <div>
          <button type="submit" class="button primary">{t.create}</button>
        </div>
      </Form>
    </Card>
  </div>
));
