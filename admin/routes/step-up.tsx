import { page } from "fresh";
import { api, ApiError } from "../api.ts";
import { Door } from "../components/door.tsx";
import { Field, Form } from "../components/form.tsx";
import { HeldFormPage } from "../components/held_form.tsx";
import { setFlash } from "../flash.ts";
import { attempt, type FormErrors, formOf, NO_ERRORS, safeNext, textsOf } from "../forms.ts";
import { dropForm, type HeldForm, heldForm } from "../held_form.ts";
import { readSession } from "../session.ts";
import { texts } from "../texts.ts";
import type { Me, Totp } from "../types.ts";
import { define } from "../utils.ts";

const t = texts.stepUp;

interface Data {
  next: string;
  errors: FormErrors;
  /** Whether there is a second factor to confirm by; else the password does. */
  coded: boolean;
  /** Once confirmed: what was about to be sent. */
  held?: HeldForm;
}

/** Asks an operator to confirm before what is sensitive, and leads back to where that was refused. */
export const handler = define.handlers<Data>({
  GET: async (ctx) => {
    ctx.state.title = t.title;
    ctx.state.session = await signedIn(ctx.req);
    const { enabled } = await api(ctx).get<Totp>("/users/me/totp");
    return page({ next: safeNext(ctx.url.searchParams.get("next")), errors: NO_ERRORS, coded: enabled });
  },
  POST: async (ctx) => {
    ctx.state.title = t.title;
    ctx.state.session = await signedIn(ctx.req);
    const form = await formOf(ctx.req);
    const { next: wanted, code } = textsOf(form);
    const next = safeNext(wanted);
    const proof = form.has("password") ? { password: String(form.get("password")) } : { code: code ?? "" };
    const answer = await attempt(api(ctx).post("/auth/step-up", proof));
    if ("errors" in answer) {
      return page({ next, errors: answer.errors, coded: !form.has("password") }, { status: 422 });
    }
    const { id } = await api(ctx).get<Me>("/users/me");
    const held = await heldForm(ctx.req, id);
    dropForm(ctx.state);
    if (held) return page({ next, errors: NO_ERRORS, coded: false, held });
    await setFlash(ctx.state, t.done);
    return ctx.redirect(next, 303);
  },
});

async function signedIn(request: Request) {
  const session = await readSession(request);
  if (!session) throw new ApiError(401, {});
  return session;
}

export default define.page<typeof handler>(({ data: { next, errors, coded, held } }) => {
  if (held) return <HeldFormPage title={t.confirmed} says={t.goOnSays} submit={t.goOn} next={next} held={held} />;
  return (
    <Door title={t.title}>
      <p>{t.says}</p>
      <Form errors={errors} main unguarded>
        <input type="hidden" name="next" value={next} />
        {coded
          ? (
            <Field
              label={texts.login.code}
              name="code"
              hint={texts.login.codeHint}
              autocomplete="one-time-code"
              maxLength={40}
              required
            />
          )
          : (
            <Field
              label={texts.login.password}
              name="password"
              type="password"
              autocomplete="current-password"
              required
            />
          )}
        <button type="submit" class="button primary wide">{t.submit}</button>
      </Form>
      <a href={next}>{texts.form.cancel}</a>
    </Door>
  );
});
