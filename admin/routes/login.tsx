import { page } from "fresh";
import { api, ApiError } from "../api.ts";
import { Door } from "../components/door.tsx";
import { Field, Form } from "../components/form.tsx";
import { HeldFormPage } from "../components/held_form.tsx";
import { attempt, faults, type FormErrors, formOf, NO_ERRORS, safeNext, textsOf } from "../forms.ts";
import { dropForm, type HeldForm, heldForm } from "../held_form.ts";
import { keepSession, readSession } from "../session.ts";
import { texts } from "../texts.ts";
import { hold, release } from "../two_factor/held_login.ts";
import type { Tokens } from "../types.ts";
import { define } from "../utils.ts";

interface Data {
  email: string;
  next: string;
  errors: FormErrors;
  /** The sealed first step, where the code is asked for. */
  held?: string;
  /** Once signed in: what could not be sent as the session had ended. */
  unsent?: HeldForm;
}

export const handler = define.handlers<Data>({
  GET: async (ctx) => {
    ctx.state.title = texts.login.title;
    const next = safeNext(ctx.url.searchParams.get("next"));
    // A dead session is forgotten by the page that it leads to.
    if (await readSession(ctx.req)) return ctx.redirect(next, 303);
    return page({ email: "", next, errors: NO_ERRORS });
  },
  /** The first step brings e-mail and password; the second, of who has a second factor, its code with the sealed first. */
  POST: async (ctx) => {
    ctx.state.title = texts.login.title;
    const form = await formOf(ctx.req);
    const { email: typed = "", next: wanted, code, held } = textsOf(form);
    const next = safeNext(wanted);
    const first = held ? await release(held) : { email: typed, password: String(form.get("password") ?? "") };
    if (!first) return page({ email: "", next, errors: faults(texts.login.tooLate) }, { status: 422 });
    const { email } = first;
    const again = { email, next, ...(held ? { held } : {}) };
    try {
      const input = { ...first, ...(held ? { code: code ?? "" } : {}) };
      const answer = await attempt(api(ctx).post<Tokens>("/auth/login", input));
      if ("errors" in answer) {
        return page({ ...again, errors: answer.errors }, { status: answer.refusal.status === 429 ? 429 : 422 });
      }
      const { user } = answer.value;
      await keepSession(ctx.state, answer.value);
      // Who accepts an invitation has no role yet.
      const welcome = user.role === "admin" || user.store_roles.length > 0 || next.startsWith("/invitation?");
      const unsent = welcome ? await heldForm(ctx.req, user.id) : undefined;
      if (unsent) {
        dropForm(ctx.state);
        return page({ email, next, errors: NO_ERRORS, unsent });
      }
      if (welcome) return ctx.redirect(next, 303);
      await signOutAgain(ctx);
      return page({ email, next, errors: faults(texts.login.noAccess) }, { status: 403 });
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
      if (error.code === "totp_required") return page({ email, next, errors: NO_ERRORS, held: await hold(first) });
      const errors = faults(error.code === "invalid_totp" ? texts.login.wrongCode : texts.login.wrong);
      return page({ ...again, errors }, { status: 422 });
    }
  },
});

/** A customer has nothing to do here: the session just made ends. */
async function signOutAgain(ctx: Parameters<typeof api>[0]): Promise<void> {
  await api(ctx).post("/auth/logout");
  ctx.state.cookies = [];
  delete ctx.state.session;
}

export default define.page<typeof handler>(({ data }) => {
  const { next, unsent } = data;
  if (!unsent) return <SignIn {...data} />;
  const { again: title, againSays: says, send: submit } = texts.login;
  return <HeldFormPage title={title} says={says} submit={submit} next={next} held={unsent} />;
});

const SignIn = ({ email, next, errors, held }: Data) => (
  <Door title={held ? texts.login.second : texts.login.title}>
    <Form errors={errors} main unguarded>
      <input type="hidden" name="next" value={next} />
      {held
        ? (
          <>
            <input type="hidden" name="held" value={held} />
            <Field
              label={texts.login.code}
              name="code"
              hint={texts.login.codeHint}
              autocomplete="one-time-code"
              maxLength={40}
              required
            />
          </>
        )
        : (
          <>
            <Field
              label={texts.login.email}
              name="email"
              type="email"
              value={email}
              autocomplete="username"
              required
            />
            <Field
              label={texts.login.password}
              name="password"
              type="password"
              autocomplete="current-password"
              required
            />
          </>
        )}
      <button type="submit" class="button primary wide">{texts.login.submit}</button>
    </Form>
    {held
      ? <a href={`/login?next=${encodeURIComponent(next)}`}>{texts.login.startAgain}</a>
      : <a href="/forgot-password">{texts.forgotten.link}</a>}
  </Door>
);
