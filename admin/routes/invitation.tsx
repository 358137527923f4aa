import { type Context, page } from "fresh";
import { api, ApiError } from "../api.ts";
import { Door, NewPassword } from "../components/door.tsx";
import { Field, Form } from "../components/form.tsx";
import { setFlash } from "../flash.ts";
import { attempt, faults, type FormErrors, formOf, NO_ERRORS, textsOf } from "../forms.ts";
import { endSession, keepSession, readSession } from "../session.ts";
import { texts } from "../texts.ts";
import type { InvitationOffer } from "../identity_types.ts";
import type { Me, Tokens } from "../types.ts";
import { define, type State } from "../utils.ts";

const t = texts.invitations;

interface Data {
  token: string;
  errors: FormErrors;
  /** Undefined where the link is no good. */
  offer: InvitationOffer | undefined;
  /** Who is signed in here. */
  me: Me | undefined;
  name: string;
}

/** Accepts an invitation to a store's staff: with the account that is signed in, or a new one. */
export const handler = define.handlers<Data>({
  GET: async (ctx) => {
    ctx.state.title = t.accept;
    return page(await load(ctx, ctx.url.searchParams.get("token") ?? ""));
  },
  POST: async (ctx) => {
    ctx.state.title = t.accept;
    const form = await formOf(ctx.req);
    const { token = "", name = "" } = textsOf(form);
    const data = await load(ctx, token);
    const refuse = (errors: FormErrors) => page({ ...data, errors, name }, { status: 422 });
    const password = String(form.get("password") ?? "");
    if (!data.me && password !== String(form.get("again") ?? "")) {
      return refuse(faults("", { again: texts.profile.differs }));
    }
    const input = data.me ? { token } : { token, password, ...(name ? { name } : {}) };
    const answer = await attempt(api(ctx).post<Tokens>("/invitations/accept", input));
    if ("errors" in answer) return refuse(answer.errors);
    if (!data.me) await keepSession(ctx.state, answer.value);
    if (data.offer) await setFlash(ctx.state, t.accepted(data.offer.store.name));
    return ctx.redirect("/", 303);
  },
});

async function load(ctx: Context<State>, token: string): Promise<Data> {
  const answer = await attempt(api(ctx).post<InvitationOffer>("/invitations/check", { token }));
  const me = await signedIn(ctx);
  const data = { token, me, name: "", errors: NO_ERRORS };
  return "errors" in answer ? { ...data, errors: answer.errors, offer: undefined } : { ...data, offer: answer.value };
}

/** Who is signed in here; nobody, where the session has ended meanwhile. */
async function signedIn(ctx: Context<State>): Promise<Me | undefined> {
  const session = await readSession(ctx.req);
  if (!session) return undefined;
  ctx.state.session = session;
  try {
    return await api(ctx).get<Me>("/users/me");
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    endSession(ctx.state);
    return undefined;
  }
}

export default define.page<typeof handler>(({ data }) => (
  <Door title={t.accept}>
    {data.offer ? <Offer {...data} offer={data.offer} /> : (
      <>
        <p class="notice" role="alert">{data.errors.summary}</p>
        <a href="/login">{texts.login.title}</a>
      </>
    )}
  </Door>
));

function Offer({ token, errors, offer, me, name }: Data & { offer: InvitationOffer }) {
  const { email, store, role, has_account } = offer;
  const next = `/invitation?token=${encodeURIComponent(token)}`;
  const says = <p>{t.says(store.name, texts.staff.roles[role]?.toLowerCase() ?? role)}</p>;
  if (me && me.email !== email) {
    return (
      <>
        {says}
        <p class="notice">{t.other(email)}</p>
        <Form action="/logout">
          <button type="submit" class="button wide">{texts.frame.signOut}</button>
        </Form>
      </>
    );
  }
  if (!me && has_account) {
    return (
      <>
        {says}
        <p>{t.signIn(email)}</p>
        <a class="button primary wide" href={`/login?next=${encodeURIComponent(next)}`}>{t.signInNow}</a>
      </>
    );
  }
  return (
    <>
      {says}
      <p>{me ? t.asAccount(email) : t.asNew(email)}</p>
      <Form errors={errors} main unguarded>
        <input type="hidden" name="token" value={token} />
        {!me && (
          <>
            <Field
              label={t.name}
              name="name"
              value={name}
              error={errors.fields.name}
              maxLength={200}
              autocomplete="name"
            />
            <NewPassword errors={errors} label={t.password} again={t.again} hint={texts.profile.shortHint} />
          </>
        )}
        <button type="submit" class="button primary wide">{t.accept}</button>
      </Form>
    </>
  );
}
