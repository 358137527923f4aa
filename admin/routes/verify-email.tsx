import { page } from "fresh";
import { api } from "../api.ts";
import { Door } from "../components/door.tsx";
import { Form } from "../components/form.tsx";
import { attempt, type FormErrors, formOf, NO_ERRORS, textsOf } from "../forms.ts";
import { texts } from "../texts.ts";
import { define } from "../utils.ts";

const t = texts.verification;

interface Data {
  token: string;
  errors: FormErrors;
  done: boolean;
}

/** Proves an e-mail address by the link of a mail, by a button: what opens links by itself proves nothing. */
export const handler = define.handlers<Data>({
  GET: (ctx) => {
    ctx.state.title = t.title;
    return page({ token: ctx.url.searchParams.get("token") ?? "", errors: NO_ERRORS, done: false });
  },
  POST: async (ctx) => {
    ctx.state.title = t.title;
    const { token = "" } = textsOf(await formOf(ctx.req));
    const answer = await attempt(api(ctx).post("/auth/verify-email", { token }));
    if ("errors" in answer) return page({ token, errors: answer.errors, done: false }, { status: 422 });
    return page({ token, errors: NO_ERRORS, done: true });
  },
});

export default define.page<typeof handler>(({ data: { token, errors, done } }) => (
  <Door title={t.title}>
    {done ? <p role="status">{t.done}</p> : token
      ? (
        <>
          <p>{t.says}</p>
          <Form errors={errors} main unguarded>
            <input type="hidden" name="token" value={token} />
            <button type="submit" class="button primary wide">{t.submit}</button>
          </Form>
        </>
      )
      : <p>{texts.forgotten.noLink}</p>}
  </Door>
));
