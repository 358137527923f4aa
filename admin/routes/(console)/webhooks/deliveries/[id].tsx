import { HttpError, page } from "fresh";
import { api } from "../../../../api.ts";
import { Form } from "../../../../components/form.tsx";
import { Badge, Card, Facts, PageHead, Time } from "../../../../components/ui.tsx";
import { setFlash } from "../../../../flash.ts";
import { number } from "../../../../format.ts";
import { attempt, need } from "../../../../forms.ts";
import { texts } from "../../../../texts.ts";
import type { WebhookAttempt, WebhookDelivery } from "../../../../types.ts";
import { define, may } from "../../../../utils.ts";

const t = texts.webhooks;

export const handler = define.handlers({
  GET: async (ctx) => {
    need(ctx.state, "webhook:read");
    const delivery = await api(ctx).get<WebhookDelivery>(pathOf(ctx.params.id));
    ctx.state.title = `${t.delivery} ${delivery.event_type}`;
    return page({ delivery });
  },

  /** Sends it again. */
  POST: async (ctx) => {
    need(ctx.state, "webhook:write");
    const answer = await attempt(api(ctx).post(`${pathOf(ctx.params.id)}/replay`));
    if ("errors" in answer) await setFlash(ctx.state, answer.errors.summary, "bad");
    else await setFlash(ctx.state, t.replayed);
    return ctx.redirect(ctx.url.pathname, 303);
  },
});

function pathOf(id = ""): string {
  if (!/^[\w-]{36}$/.test(id)) throw new HttpError(404);
  return `/webhook-deliveries/${id}`;
}

export default define.page<typeof handler>(({ data: { delivery }, state }) => (
  <>
    <PageHead
      title={delivery.event_type}
      back={[`/webhooks/${delivery.webhook_id}`, t.one]}
      badge={<Badge status={delivery.state} />}
    >
      {may(state, "webhook:write") && (
        <Form>
          <button type="submit" class="button primary">{t.replay}</button>
        </Form>
      )}
    </PageHead>
    <div class="columns">
      <div class="stack">
        <Card title={t.attempts}>
          {delivery.attempts?.length
            ? <Attempts attempts={delivery.attempts} locale={state.locale} />
            : <p class="muted">{t.noDeliveries}</p>}
        </Card>
        <Card title={t.body}>
          <pre class="code" tabIndex={0}>{pretty(delivery.body ?? "")}</pre>
        </Card>
      </div>
      <Card title={texts.products.facts}>
        <Facts
          facts={[
            ["webhook-id", <code key="event">{delivery.event_id}</code>],
            [t.time, <Time key="time" time={delivery.create_time} locale={state.locale} full />],
            [t.attempts, delivery.attempt],
            [t.next, delivery.next_time && <Time key="next" time={delivery.next_time} locale={state.locale} full />],
          ]}
        />
      </Card>
    </div>
  </>
));

function Attempts({ attempts, locale }: { attempts: readonly WebhookAttempt[]; locale: string }) {
  return (
    <ol class="plain-list">
      {attempts.toReversed().map((
        { id, time, response_status, error, duration_ms, response_start, request_headers },
      ) => (
        <li key={id} class="attempt">
          <p>
            <Badge
              status={String(response_status ?? error)}
              tone={response_status && response_status < 300 ? "good" : "bad"}
              text={String(response_status ?? error ?? t.noAnswer)}
            />{" "}
            <Time time={time} locale={locale} full /> · {t.took(number(duration_ms, locale))}
          </p>
          {response_start && (
            <details class="disclosure">
              <summary>{t.answer}</summary>
              <pre class="code" tabIndex={0}>{response_start}</pre>
            </details>
          )}
          <details class="disclosure">
            <summary>{t.headers}</summary>
            <pre class="code" tabIndex={0}>
              {Object.entries(request_headers).map(([name, value]) => `${name}: ${value}`).join("\n")}
            </pre>
          </details>
        </li>
      ))}
    </ol>
  );
}

/** JSON on several lines; what is none as it is. */
function pretty(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}
