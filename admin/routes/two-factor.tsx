import { page } from "fresh";
import { api, ApiError } from "../api.ts";
import { Door } from "../components/door.tsx";
import { ConfirmButton, Field, Form } from "../components/form.tsx";
import { Qr } from "../components/qr.tsx";
import { attempt, type FormErrors, formOf, NO_ERRORS, textsOf } from "../forms.ts";
import { seal, unseal } from "../seal.ts";
import { readSession } from "../session.ts";
import { texts } from "../texts.ts";
import type { NewTotp, Totp } from "../types.ts";
import { define } from "../utils.ts";

const t = texts.twoFactor;

interface Data {
  totp: Totp;
  errors: FormErrors;
  /** While it is set up: what an app needs, and the same sealed for the next try. */
  begun?: NewTotp & { sealed: string };
  /** Shown once. */
  codes?: string[];
}

/** An operator's own second factor. Outside of the console, for who must set one up reaches nothing else. */
export const handler = define.handlers<Data>({
  GET: async (ctx) => {
    ctx.state.title = t.title;
    ctx.state.session = await signedIn(ctx.req);
    return page({ totp: await api(ctx).get<Totp>("/users/me/totp"), errors: NO_ERRORS });
  },
  POST: async (ctx) => {
    ctx.state.title = t.title;
    ctx.state.session = await signedIn(ctx.req);
    const { act, code = "", sealed = "" } = textsOf(await formOf(ctx.req));
    const gateway = api(ctx);
    const totp = () => gateway.get<Totp>("/users/me/totp");
    const refuse = async (errors: FormErrors, begun?: Data["begun"]) =>
      page({ totp: await totp(), errors, ...(begun ? { begun } : {}) }, { status: 422 });

    if (act === "begin") {
      const answer = await attempt(gateway.post<NewTotp>("/users/me/totp"));
      if ("errors" in answer) return await refuse(answer.errors);
      const begun = { ...answer.value, sealed: await seal("totp", answer.value) };
      return page({ totp: await totp(), errors: NO_ERRORS, begun });
    }
    if (act === "off") {
      const answer = await attempt(gateway.del("/users/me/totp", { body: { code } }));
      if ("errors" in answer) return await refuse(answer.errors);
      return ctx.redirect("/two-factor", 303);
    }
    const path = act === "renew" ? "/users/me/totp/recovery-codes" : "/users/me/totp/confirm";
    const answer = await attempt(gateway.post<{ recovery_codes: string[] }>(path, { code }));
    if ("errors" in answer) {
      const begun = await unseal("totp", sealed) as NewTotp | undefined;
      return await refuse(answer.errors, begun && { ...begun, sealed });
    }
    return page({ totp: await totp(), errors: NO_ERRORS, codes: answer.value.recovery_codes });
  },
});

async function signedIn(request: Request) {
  const session = await readSession(request);
  if (!session) throw new ApiError(401, {});
  return session;
}

const codeField = (label: string) => (
  <Field label={label} name="code" autocomplete="one-time-code" maxLength={40} required />
);

export default define.page<typeof handler>(({ data: { totp, errors, begun, codes } }) => (
  <Door title={t.title}>
    {codes
      ? (
        <>
          <p class="notice">{t.codesSay}</p>
          <ul class="recovery-codes">
            {codes.map((code) => (
              <li key={code}>
                <code>{code}</code>
              </li>
            ))}
          </ul>
        </>
      )
      : begun
      ? <Begun {...begun} errors={errors} />
      : totp.enabled
      ? <Enabled left={totp.recovery_codes_left} errors={errors} />
      : (
        <>
          <p>{totp.required ? t.required : t.says}</p>
          <Form errors={errors} main unguarded>
            <button type="submit" class="button primary wide" name="act" value="begin">{t.begin}</button>
          </Form>
        </>
      )}
    {(totp.enabled || !totp.required) && <a href="/profile">{t.back}</a>}
  </Door>
));

function Begun({ secret, uri, sealed, errors }: NewTotp & { sealed: string; errors: FormErrors }) {
  return (
    <>
      <p>{t.scan}</p>
      <Qr text={uri} label={t.qr} />
      <p>
        {t.byHand} <code class="breaks">{secret}</code> · <a href={uri}>{t.open}</a>
      </p>
      <Form errors={errors} main unguarded>
        <input type="hidden" name="sealed" value={sealed} />
        {codeField(t.first)}
        <button type="submit" class="button primary wide" name="act" value="confirm">{t.confirm}</button>
      </Form>
    </>
  );
}

function Enabled({ left, errors }: { left: number; errors: FormErrors }) {
  return (
    <>
      <p>{t.on} {t.left(left)}</p>
      <Form errors={errors} main unguarded>
        {codeField(texts.login.code)}
        <button type="submit" class="button" name="act" value="renew">{t.renew}</button>
        <ConfirmButton label={t.off} says={t.offSays} name="act" value="off" />
      </Form>
    </>
  );
}
