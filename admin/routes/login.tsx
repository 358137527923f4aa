import { page } from "fresh";
import { api, ApiError } from "../api.ts";
import { Field, Form } from "../components/form.tsx";
import { attempt, faults, type FormErrors, NO_ERRORS, safeNext, textsOf } from "../forms.ts";
import { keepSession, readSession } from "../session.ts";
import { texts } from "../texts.ts";
import type { Tokens } from "../types.ts";
import { define } from "../utils.ts";

interface Data {
  email: string;
  next: string;
  errors: FormErrors;
}

export const handler = define.handlers<Data>({
  GET: async (ctx) => {
    ctx.state.title = texts.login.title;
    const next = safeNext(ctx.url.searchParams.get("next"));
    // A dead session is forgotten by the page that it leads to.
    if (await readSession(ctx.req)) return ctx.redirect(next, 303);
    return page({ email: "", next, errors: NO_ERRORS });
  },
  POST: async (ctx) => {
    ctx.state.title = texts.login.title;
    const form = await ctx.req.formData();
    const { email = "", next: wanted } = textsOf(form);
    const next = safeNext(wanted);
    const password = String(form.get("password") ?? "");
    try {
      const answer = await attempt(api(ctx).post<Tokens>("/auth/login", { email, password }));
      if ("errors" in answer) {
        return page({ email, next, errors: answer.errors }, { status: answer.refusal.status === 429 ? 429 : 422 });
      }
      const { user } = answer.value;
      await keepSession(ctx.state, answer.value);
      if (user.role === "admin" || user.store_roles.length > 0) return ctx.redirect(next, 303);
      await signOutAgain(ctx);
      return page({ email, next, errors: faults(texts.login.noAccess) }, { status: 403 });
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
      return page({ email, next, errors: faults(texts.login.wrong) }, { status: 422 });
    }
  },
});

/** A customer has nothing to do here: the session just made ends. */
async function signOutAgain(ctx: Parameters<typeof api>[0]): Promise<void> {
  await api(ctx).post("/auth/logout");
  ctx.state.cookies = [];
  delete ctx.state.session;
}

export default define.page<typeof handler>(({ data: { email, next, errors } }) => (
  <main class="sign-in">
    <div class="brand">Nano</div>
    <div class="card">
      <h1>{texts.login.title}</h1>
      <Form errors={errors} main>
        <input type="hidden" name="next" value={next} />
        <Field label={texts.login.email} name="email" type="email" value={email} autocomplete="username" required />
        <Field label={texts.login.password} name="password" type="password" autocomplete="current-password" required />
        <button type="submit" class="button primary wide">{texts.login.submit}</button>
      </Form>
    </div>
  </main>
));
