import { HttpError, page } from "fresh";
import { api } from "../../../api.ts";
import { ConfirmButton, Form } from "../../../components/form.tsx";
import { Pagination, Table } from "../../../components/table.tsx";
import { Views } from "../../../components/views.tsx";
import { Badge, Card, Empty, Facts, PageHead, Time } from "../../../components/ui.tsx";
import { WebhookForm } from "../../../components/webhook_form.tsx";
import { setFlash } from "../../../flash.ts";
import { attempt, faults, formOf, need, NO_ERRORS } from "../../../forms.ts";
import { texts } from "../../../texts.ts";
import type { Page, Webhook, WebhookDelivery } from "../../../types.ts";
import { define, may } from "../../../utils.ts";
import { actOnWebhook } from "../../../webhooks/act_on_webhook.ts";
import { readWebhook, webhookBody, webhookValues } from "../../../webhooks/webhook_form.ts";

const t = texts.webhooks;
const STATES: readonly string[] = ["pending", "succeeded", "failed"];

export const handler = define.handlers({
  GET: async (ctx) => {
    need(ctx.state, "webhook:read");
    const path = pathOf(ctx.params.id);
    const { get } = api(ctx);
    const [webhook, deliveries] = await Promise.all([
      get<Webhook>(path),
      get<Page<WebhookDelivery>>(`${path}/deliveries`, deliveriesQuery(ctx.url)),
    ]);
    ctx.state.title = webhook.url;
    return page({ webhook, deliveries, values: webhookValues(webhook), errors: NO_ERRORS });
  },

  /** Saves the settings; `act` rotates the secret, sends a test or deletes. */
  POST: async (ctx) => {
    const { state } = ctx;
    need(state, "webhook:write");
    const path = pathOf(ctx.params.id);
    const gateway = api(ctx);
    const form = await formOf(ctx.req);
    const done = await actOnWebhook(gateway, path, String(form.get("act") ?? ""));
    if (done) {
      await setFlash(state, done.text, done.tone);
      return ctx.redirect(done.gone ? "/webhooks" : path, 303);
    }
    const values = readWebhook(form);
    const made = webhookBody(values);
    const answer = "body" in made ? await attempt(gateway.put<Webhook>(path, made.body)) : { errors: made };
    if ("value" in answer) {
      await setFlash(state, t.saved);
      return ctx.redirect(path, 303);
    }
    const [webhook, deliveries] = await Promise.all([
      gateway.get<Webhook>(path),
      gateway.get<Page<WebhookDelivery>>(`${path}/deliveries`, deliveriesQuery(ctx.url)),
    ]);
    state.title = webhook.url;
    const conflict = "refusal" in answer && answer.refusal.code === "version_conflict";
    return conflict
      ? page({
        ...{ webhook, deliveries, errors: faults(t.conflict) },
        values: { ...values, version: String(webhook.version) },
      }, { status: 409 })
      : page({ webhook, deliveries, values, errors: answer.errors }, { status: 422 });
  },
});

function pathOf(id = ""): string {
  if (!/^[\w-]{36}$/.test(id)) throw new HttpError(404);
  return `/webhooks/${id}`;
}

function deliveriesQuery({ searchParams }: URL) {
  const state = STATES.find((value) => value === searchParams.get("state"));
  return { state, cursor: searchParams.get("cursor") ?? undefined, limit: 15 };
}

export default define.page<typeof handler>(({ data: { webhook, deliveries, values, errors }, state, url }) => (
  <>
    <PageHead
      title={webhook.url}
      back={["/webhooks", t.title]}
      badge={webhook.failing_since && webhook.status === "active"
        ? <Badge status="failing" tone="bad" text={t.isFailing} />
        : <Badge status={webhook.status} text={t.statuses[webhook.status]} />}
    />
    {webhook.disabled_reason && <p class="notice below">{t.reasons[webhook.disabled_reason]}</p>}
    <div class="columns">
      <div class="stack">
        <Card title={t.deliveries}>
          <Views
            label={t.state}
            url={url}
            views={Object.entries(t.states).map(([name, text]) =>
              [text, name === "all" ? `/webhooks/${webhook.id}` : `/webhooks/${webhook.id}?state=${name}`] as const
            )}
          />
          {deliveries.data.length === 0 ? <Empty title={t.noDeliveries} /> : (
            <Table
              label={t.deliveries}
              rows={deliveries.data}
              href={({ id }) => `/webhooks/deliveries/${id}`}
              columns={[
                { title: t.event, cell: ({ event_type }) => event_type },
                { title: t.state, cell: (delivery) => <Badge status={delivery.state} /> },
                { title: t.attempts, numeric: true, labelled: true, cell: ({ attempt }) => attempt },
                { title: t.time, cell: ({ create_time }) => <Time time={create_time} locale={state.locale} /> },
              ]}
            />
          )}
          <Pagination url={url} next_cursor={deliveries.next_cursor} />
        </Card>
        {may(state, "webhook:write") && (
          <Card title={texts.nav.settings}>
            <WebhookForm values={values} errors={errors} submit={t.save} />
          </Card>
        )}
      </div>
      <div class="stack">
        <Card title={texts.products.facts}>
          <Facts facts={factsOf(webhook, state.locale)} />
        </Card>
        {may(state, "webhook:write") && <Acts active={webhook.status === "active"} />}
      </div>
    </div>
  </>
));

function factsOf({ event_types, create_time, failing_since, old_secret_expire_time }: Webhook, locale: string) {
  const time = (value: string) => <Time time={value} locale={locale} full />;
  return [
    [t.events, event_types.includes("*") ? t.allEvents : event_types.join(", ")] as const,
    [texts.products.createTime, time(create_time)] as const,
    ...(failing_since ? [[t.failing, time(failing_since)] as const] : []),
    ...(old_secret_expire_time ? [[t.secretUntil, time(old_secret_expire_time)] as const] : []),
  ];
}

function Acts({ active }: { active: boolean }) {
  return (
    <Card>
      <div class="stack">
        {active && (
          <Form>
            <button type="submit" class="button" name="act" value="test">{t.test}</button>
          </Form>
        )}
        <Form>
          <ConfirmButton label={t.rotate} says={t.rotateSays} name="act" value="rotate" danger={false} />
        </Form>
        <Form>
          <ConfirmButton label={t.delete} says={t.deleteSays} name="act" value="delete" />
        </Form>
      </div>
    </Card>
  );
}
