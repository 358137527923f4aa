import { page } from "fresh";
import { api } from "../../api.ts";
import { Field, Form } from "../../components/form.tsx";
import { Badge, Card, PageHead } from "../../components/ui.tsx";
import { setFlash } from "../../flash.ts";
import { attempt, faults, type FormErrors, formOf, NO_ERRORS, textsOf } from "../../forms.ts";
import { texts } from "../../texts.ts";
import type { Me } from "../../types.ts";
import { define } from "../../utils.ts";

interface Data {
  /** Which form was refused. */
  form?: string;
  values: Record<string, string>;
  errors: FormErrors;
}

export const handler = define.handlers<Data>({
  GET: (ctx) => {
    ctx.state.title = texts.frame.profile;
    return page({ values: {}, errors: NO_ERRORS });
  },
  POST: async (ctx) => {
    ctx.state.title = texts.frame.profile;
    const form = await formOf(ctx.req);
    const values = textsOf(form);
    if (values.form === "verify") {
      const asked = await attempt(api(ctx).send("POST", "/auth/verify-email/resend"));
      if ("errors" in asked) return page({ form: "verify", errors: asked.errors, values: {} }, { status: 422 });
      await setFlash(ctx.state, texts.verification.sent);
      return ctx.redirect("/profile", 303);
    }
    const raw = (name: string) => String(form.get(name) ?? "");
    const which = values.form === "password" ? "password" : "name";
    // Passwords are never shown again.
    const refuse = (errors: FormErrors) =>
      page({ form: which, errors, values: { name: values.name ?? "" } }, { status: 422 });
    if (which === "password" && raw("password") !== raw("again")) {
      return refuse(faults("", { again: texts.profile.differs }));
    }
    const change = which === "password"
      ? { password: raw("password"), current_password: raw("current_password") }
      : { name: values.name || null };
    const answer = await attempt(api(ctx).patch<Me>("/users/me", change));
    if ("errors" in answer) return refuse(answer.errors);
    await setFlash(ctx.state, which === "password" ? texts.profile.passwordChanged : texts.profile.saved);
    return ctx.redirect("/profile", 303);
  },
});

export default define.page<typeof handler>(({ data: { form, values, errors }, state: { user } }) => {
  const ofName = form === "name" ? errors : NO_ERRORS;
  const ofPassword = form === "password" ? errors : NO_ERRORS;
  const secret = (name: string, label: string, autocomplete: string, hint?: string) => (
    <Field
      label={label}
      name={name}
      type="password"
      autocomplete={autocomplete}
      error={ofPassword.fields[name]}
      required
      {...(hint ? { hint } : {})}
    />
  );
  return (
    <div class="narrow stack">
      <PageHead title={texts.frame.profile} />
      <Card title={texts.profile.about}>
        <Form class="form" errors={ofName} main>
          <input type="hidden" name="form" value="name" />
          <Field label={texts.login.email} name="email" value={user.email} disabled />
          <Field
            label={texts.profile.name}
            name="name"
            value={form === "name" ? values.name : user.name ?? ""}
            error={ofName.fields.name}
            maxLength={200}
            autocomplete="name"
          />
          <div>
            <button type="submit" class="button primary">{texts.form.save}</button>
          </div>
        </Form>
      </Card>
      <Card title={texts.verification.label}>
        <Form class="form" errors={form === "verify" ? errors : NO_ERRORS}>
          <input type="hidden" name="form" value="verify" />
          <p>
            {user.email}{" "}
            <Badge
              status="email"
              tone={user.email_verified ? "good" : "warn"}
              text={user.email_verified ? texts.verification.proven : texts.verification.open}
            />
          </p>
          {!user.email_verified && (
            <div>
              <button type="submit" class="button">{texts.verification.resend}</button>
            </div>
          )}
        </Form>
      </Card>
      <Card title={texts.sessions.title}>
        <div class="stack">
          <p>{texts.sessions.manage}</p>
          <a class="button" href="/sessions">{texts.sessions.title}</a>
        </div>
      </Card>
      <Card title={texts.profile.password}>
        <Form class="form" errors={ofPassword}>
          <input type="hidden" name="form" value="password" />
          {secret("current_password", texts.profile.current, "current-password")}
          {secret("password", texts.profile.next, "new-password", texts.profile.passwordHint)}
          {secret("again", texts.profile.again, "new-password")}
          <div>
            <button type="submit" class="button primary">{texts.profile.change}</button>
          </div>
        </Form>
      </Card>
      <Card title={texts.twoFactor.title}>
        <div class="stack">
          <p>{texts.twoFactor.manage}</p>
          <a class="button" href="/two-factor">{texts.twoFactor.title}</a>
        </div>
      </Card>
    </div>
  );
});
