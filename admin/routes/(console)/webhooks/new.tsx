import { page } from "fresh";
import { api } from "../../../api.ts";
import { Card, PageHead } from "../../../components/ui.tsx";
import { WebhookForm } from "../../../components/webhook_form.tsx";
import { setFlash } from "../../../flash.ts";
import { attempt, formOf, need, NO_ERRORS } from "../../../forms.ts";
import { texts } from "../../../texts.ts";
import type { Webhook } from "../../../types.ts";
import { define } from "../../../utils.ts";
import { NEW_WEBHOOK, readWebhook, webhookBody } from "../../../webhooks/webhook_form.ts";

const t = texts.webhooks;

export const handler = define.handlers({
  GET: (ctx) => {
    need(ctx.state, "webhook:write");
    ctx.state.title = t.new;
    return page({ values: NEW_WEBHOOK, errors: NO_ERRORS });
  },
  POST: async (ctx) => {
    need(ctx.state, "webhook:write");
    ctx.state.title = t.new;
    const values = readWebhook(await formOf(ctx.req));
    const made = webhookBody(values);
    if (!("body" in made)) return page({ values, errors: made }, { status: 422 });
    const answer = await attempt(api(ctx).post<Webhook & { secret: string }>("/webhooks", made.body));
    if ("errors" in answer) return page({ values, errors: answer.errors }, { status: 422 });
    // The flash is sealed and shown once: as long as the secret is.
    await setFlash(ctx.state, t.created(answer.value.secret));
    return ctx.redirect(`/webhooks/${answer.value.id}`, 303);
  },
});

export default define.page<typeof handler>(({ data: { values, errors } }) => (
  <div class="narrow">
    <PageHead title={t.new} back={["/webhooks", t.title]} />
    <Card>
      <WebhookForm values={values} errors={errors} submit={t.create} />
    </Card>
  </div>
));
