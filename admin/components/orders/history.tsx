import { NO_ERRORS } from "../../form_errors.ts";
import { money } from "../../format.ts";
import type { OrderView } from "../../orders/load.ts";
import { texts } from "../../texts.ts";
import type { TimelineEntry } from "../../types.ts";
import { may, type State } from "../../utils.ts";
import { Field, Form } from "../form.tsx";
import { Card, Timeline, type TimelineEntry as Shown, words } from "../ui.tsx";

/** Everything that happened to the order, and a form for a note. */
export function History({ view: { timeline, refused }, state }: { view: OrderView; state: State }) {
  const mine = refused?.action === "note" ? refused : undefined;
  return (
    <Card title={texts.orders.timeline} id="timeline">
      {may(state, "order:note") && (
        <Form class="form note-form" {...(mine ? { errors: mine.errors } : {})}>
          <input type="hidden" name="action" value="note" />
          <Field
            label={texts.orders.note}
            name="text"
            rows={2}
            maxLength={2000}
            value={mine?.values.text ?? ""}
            error={(mine?.errors ?? NO_ERRORS).fields.text}
            required
          />
          <div>
            <button type="submit" class="button">{texts.orders.addNote}</button>
          </div>
        </Form>
      )}
      <Timeline entries={timeline.map((entry) => shown(entry, state))} locale={state.locale} />
    </Card>
  );
}

/** An entry in words. */
function shown(entry: TimelineEntry, state: State): Shown {
  const { time } = entry;
  const { locale } = state;
  switch (entry.kind) {
    case "status": {
      const text = entry.from === entry.to ? texts.timeline.noted : words(entry.to);
      return { time, text, by: [whoOf(entry, state), entry.reason].filter(Boolean).join(" · ") };
    }
    case "note":
      return { time, text: texts.timeline.note, detail: entry.text, by: whoOf(entry, state) };
    case "shipment": {
      const { carrier, tracking_number } = entry.shipment;
      return { time, text: texts.timeline.shipment(carrier, tracking_number) };
    }
    case "payment": {
      const { method, amount, status } = entry.payment;
      return { time, text: texts.timeline.payment(money(amount, locale), method, status) };
    }
    case "refund": {
      const { amount, reason } = entry.refund;
      return { time, text: texts.timeline.refund(money(amount, locale)), detail: reason };
    }
  }
}

/** Who did it, as people say: the operator at hand is "you". */
function whoOf({ actor, actor_name }: { actor: string; actor_name?: string }, { user }: State): string {
  const [kind = "", id] = actor.split(":");
  if (id && id === user.id) return texts.orders.you;
  return actor_name || (texts.orders.actors[kind] ?? kind);
}
