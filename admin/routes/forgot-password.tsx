import { page } from "fresh";
import { api } from "../api.ts";
import { Door } from "../components/door.tsx";
import { Field, Form } from "../components/form.tsx";
import { attempt, type FormErrors, formOf, NO_ERRORS, textsOf } from "../forms.ts";
import { texts } from "../texts.ts";
import { define } from "../utils.ts";

const t = texts.forgotten;

interface Data {
  email: string;
  errors: FormErrors;
  sent: boolean;
}

/** Asks for a link that sets a new password; says the same for every address. */
export const handler = define.handlers<Data>({
  GET: (ctx) => {
    ctx.state.title = t.title;
    return page({ email: "", errors: NO_ERRORS, sent: false });
  },
  POST: async (ctx) => {
    ctx.state.title = t.title;
    const { email = "" } = textsOf(await formOf(ctx.req));
    const answer = await attempt(api(ctx).send("POST", "/auth/forgot-password", { body: { email } }));
    if ("errors" in answer) return page({ email, errors: answer.errors, sent: false }, { status: 422 });
    return page({ email, errors: NO_ERRORS, sent: true });
  },
});

export default define.page<typeof handler>(({ data: { email, errors, sent } }) => (
  <Door title={t.title}>
    {sent ? <p role="status">{t.sent}</p> : (
      <>
        <p>{t.says}</p>
        <Form errors={errors} main unguarded>
          <Field
            label={texts.login.email}
            name="email"
            type="email"
            value={email}
            error={errors.fields.email}
            autocomplete="username"
            required
          />
          <button type="submit" class="button primary wide">{t.send}</button>
        </Form>
      </>
    )}
    <a href="/login">{t.signIn}</a>
  </Door>
));
