import { money } from "../../format.ts";
import { NO_ERRORS } from "../../form_errors.ts";
import { canCancel, canShip, movesOf } from "../../orders/moves.ts";
import type { OrderView } from "../../orders/load.ts";
import { toSend } from "../../orders/refused.ts";
import { texts } from "../../texts.ts";
import type { Order } from "../../types.ts";
import { Checkbox, ConfirmButton, Field, Form } from "../form.tsx";
import { Card, Time } from "../ui.tsx";

/** A button for each move that the table allows. */
export function MovePanel({ order }: { order: Order }) {
  const moves = movesOf(order.status);
  if (moves.length === 0) return null;
  return (
    <Form class="inline">
      <input type="hidden" name="action" value="status" />
      {moves.map((status) => (
        <button key={status} type="submit" name="status" value={status} class="button primary">
          {texts.orders.moves[status] ?? status}
        </button>
      ))}
    </Form>
  );
}

/** Sends lines with a carrier. */
export function ShipPanel({ view }: { view: OrderView }) {
  const { order, refused } = view;
  const quantities = toSend(view);
  const open = order.items.filter(({ id }) => (quantities.get(id) ?? 0) > 0);
  if (!canShip(order.status) || open.length === 0) return null;
  const mine = refused?.action === "ship" ? refused : undefined;
  const { fields } = mine?.errors ?? NO_ERRORS;
  const value = (name: string) => mine?.values[name] ?? "";
  return (
    <Card title={texts.orders.ship} id="ship">
      <Form class="form" main {...(mine ? { errors: mine.errors } : {})}>
        <input type="hidden" name="action" value="ship" />
        <fieldset id="f-items">
          <legend>{texts.orders.whatToShip}</legend>
          {fields.items && <p class="field-error">{fields.items}</p>}
          {open.map(({ id, name, sku }) => (
            <label key={id} class="line-choice">
              <input
                class="quantity"
                type="number"
                name={`quantity.${id}`}
                min={0}
                max={quantities.get(id)}
                value={mine?.values[`quantity.${id}`] ?? quantities.get(id)}
              />
              <span>
                {texts.orders.ofQuantity(quantities.get(id) ?? 0)} {name} <span class="muted">{sku}</span>
              </span>
            </label>
          ))}
        </fieldset>
        <div class="fields">
          <Field
            label={texts.orders.carrier}
            name="carrier"
            value={value("carrier")}
            error={fields.carrier}
            maxLength={100}
            required
          />
          <Field
            label={texts.orders.trackingNumber}
            name="tracking_number"
            value={value("tracking_number")}
            error={fields.tracking_number}
            maxLength={100}
            required
          />
          <Field
            label={`${texts.orders.trackingUrl} (${texts.form.optional})`}
            name="tracking_url"
            type="url"
            value={value("tracking_url")}
            error={fields.tracking_url}
          />
        </div>
        <div>
          <button type="submit" class="button primary">{texts.orders.shipNow}</button>
        </div>
      </Form>
    </Card>
  );
}

/** What is under way. */
export function Shipments({ view: { shipments, order }, locale }: { view: OrderView; locale: string }) {
  if (shipments.length === 0) return null;
  const names = new Map(order.items.map(({ id, name }) => [id, name]));
  return (
    <Card title={texts.orders.shipments}>
      <ul class="plain-list">
        {shipments.map(({ id, carrier, tracking_number, tracking_url, items, create_time }) => (
          <li key={id}>
            <strong>{carrier}</strong>{" "}
            {tracking_url ? <a href={tracking_url} rel="noreferrer">{tracking_number}</a> : tracking_number}
            <span class="muted">
              {" · "}
              <Time time={create_time} locale={locale} />
            </span>
            <p class="muted">{items.map((item) => `${item.quantity} × ${names.get(item.id) ?? ""}`).join(", ")}</p>
          </li>
        ))}
      </ul>
    </Card>
  );
}

/** Cancels, with the choice of what becomes of the goods. */
export function CancelPanel({ view: { order, refused }, locale }: { view: OrderView; locale: string }) {
  if (!canCancel(order.status)) return null;
  const mine = refused?.action === "cancel" ? refused : undefined;
  const says = order.status === "pending_payment"
    ? texts.orders.cancelUnpaid(order.number)
    : texts.orders.cancelPaid(order.number, money(order.total, locale));
  return (
    <Card title={texts.orders.cancelTitle}>
      <Form class="form" {...(mine ? { errors: mine.errors } : {})}>
        <input type="hidden" name="action" value="cancel" />
        <ConfirmButton label={texts.orders.cancel} says={says} does={texts.orders.cancelNow}>
          <Checkbox label={texts.orders.restock} name="restock" value="yes" checked={!mine || !!mine.values.restock} />
          <Field
            label={`${texts.orders.reason} (${texts.form.optional})`}
            name="reason"
            value={mine?.values.reason ?? ""}
            maxLength={500}
          />
        </ConfirmButton>
      </Form>
    </Card>
  );
}
