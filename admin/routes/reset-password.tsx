import { page } from "fresh";
import { api } from "../api.ts";
import { Door, NewPassword } from "../components/door.tsx";
import { Form } from "../components/form.tsx";
import { attempt, faults, type FormErrors, formOf, NO_ERRORS, textsOf } from "../forms.ts";
import { endSession } from "../session.ts";
import { texts } from "../texts.ts";
import { define } from "../utils.ts";

const t = texts.forgotten;

interface Data {
  token: string;
  errors: FormErrors;
  done: boolean;
}

/** Sets a new password by the link of a mail. To open the link changes nothing: mail scanners do that too. */
export const handler = define.handlers<Data>({
  GET: (ctx) => {
    ctx.state.title = t.title;
    return page({ token: ctx.url.searchParams.get("token") ?? "", errors: NO_ERRORS, done: false });
  },
  POST: async (ctx) => {
    ctx.state.title = t.title;
    const form = await formOf(ctx.req);
    const { token = "" } = textsOf(form);
    const refuse = (errors: FormErrors) => page({ token, errors, done: false }, { status: 422 });
    const password = String(form.get("password") ?? "");
    if (password !== String(form.get("again") ?? "")) return refuse(faults("", { again: texts.profile.differs }));
    const answer = await attempt(api(ctx).post("/auth/reset-password", { token, password }));
    if ("errors" in answer) return refuse(answer.errors);
    // All sessions of the account are dead; this browser's, if there was one, is most likely one of them.
    endSession(ctx.state);
    return page({ token: "", errors: NO_ERRORS, done: true });
  },
});

export default define.page<typeof handler>(({ data: { token, errors, done } }) => (
  <Door title={t.title}>
    {done
      ? (
        <>
          <p role="status">{t.done}</p>
          <a class="button primary wide" href="/login">{t.signIn}</a>
        </>
      )
      : token
      ? (
        <>
          <Form errors={errors} main unguarded>
            <input type="hidden" name="token" value={token} />
            <NewPassword errors={errors} label={texts.profile.next} again={texts.profile.again} hint={t.hint} />
            <button type="submit" class="button primary wide">{t.submit}</button>
          </Form>
          <a href="/forgot-password">{t.again}</a>
        </>
      )
      : (
        <>
          <p>{t.noLink}</p>
          <a href="/forgot-password">{t.again}</a>
        </>
      )}
  </Door>
));
