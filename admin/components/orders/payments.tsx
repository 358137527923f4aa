import RefundForm from "../../islands/RefundForm.tsx";
import { money } from "../../format.ts";
import { NO_ERRORS } from "../../form_errors.ts";
import type { OrderView, PaymentView } from "../../orders/load.ts";
import { canCancel } from "../../orders/moves.ts";
import { texts } from "../../texts.ts";
import type { Order } from "../../types.ts";
import { may, type State } from "../../utils.ts";
import { exponentOf } from "../../../services/shared/money.ts";
import { ConfirmButton, ErrorSummary, Field, Form } from "../form.tsx";
import { Badge, Card, Facts, Time } from "../ui.tsx";

/** The order's payments: what was taken, what went back, and what can be done about it. */
export function Payments({ view, state }: { view: OrderView; state: State }) {
  if (!may(state, "payment:read")) return null;
  return (
    <Card title={texts.orders.payment} id="payment">
      {view.payments.length === 0 && <p class="muted">{texts.orders.unpaid}</p>}
      <div class="stack">
        {view.payments.map((payment) => <PaymentPart key={payment.id} payment={payment} view={view} state={state} />)}
      </div>
    </Card>
  );
}

interface PartProps {
  payment: PaymentView;
  view: OrderView;
  state: State;
}

function PaymentPart({ payment, view, state }: PartProps) {
  const { locale } = state;
  const show = (amount: number) => money({ ...payment.amount, amount }, locale);
  return (
    <div class="stack">
      <Facts
        facts={[
          [
            texts.orders.method,
            <a key="link" href={`/payments/${payment.id}`}>{payment.method}</a>,
          ],
          [texts.orders.status, <Badge key="status" status={payment.status} />],
          [texts.orders.amount, show(payment.amount.amount)],
          [texts.orders.capturedAmount, show(payment.captured_amount.amount)],
          ...(payment.refunded_amount.amount > 0
            ? [[texts.orders.refundedAmount, show(payment.refunded_amount.amount)] as const]
            : []),
          ...(payment.failure_code ? [[texts.orders.failure, payment.failure_code.replaceAll("_", " ")] as const] : []),
        ]}
      />
      <Refunds payment={payment} locale={locale} />
      {payment.status === "authorized" && may(state, "payment:write") && (
        <CaptureAndVoid payment={payment} view={view} state={state} />
      )}
      {payment.captured_amount.amount > payment.refunded_amount.amount && may(state, "refund:write") && (
        <RefundPart payment={payment} view={view} state={state} />
      )}
    </div>
  );
}

function Refunds({ payment, locale }: { payment: PaymentView; locale: string }) {
  if (payment.refunds.length === 0) return null;
  return (
    <ul class="plain-list">
      {payment.refunds.map(({ id, amount, reason, status, create_time }) => (
        <li key={id}>
          −{money(amount, locale)} {status !== "succeeded" && <Badge status={status} />}
          <span class="muted">
            {" · "}
            {reason} · <Time time={create_time} locale={locale} />
          </span>
        </li>
      ))}
    </ul>
  );
}

function CaptureAndVoid({ payment, view: { order, refused }, state: { locale } }: PartProps) {
  const whole = money(payment.amount, locale);
  const capture = refused?.action === `capture${payment.id}` ? refused : undefined;
  const voiding = refused?.action === `void${payment.id}` ? refused : undefined;
  return (
    <>
      <Form class="form" {...(capture ? { errors: capture.errors } : {})}>
        <input type="hidden" name="action" value="capture" />
        <input type="hidden" name="payment_id" value={payment.id} />
        <input type="hidden" name="key" value={payment.keys.capture} />
        <Field
          label={`${texts.orders.captureAmount} (${texts.orders.wholeIfEmpty(whole)})`}
          name="amount"
          inputmode="decimal"
          value={capture?.values.amount ?? ""}
          error={(capture?.errors ?? NO_ERRORS).fields.amount}
        />
        <button type="submit" class="button primary">{texts.orders.capture}</button>
      </Form>
      <Form {...(voiding ? { errors: voiding.errors } : {})}>
        <input type="hidden" name="action" value="void" />
        <input type="hidden" name="payment_id" value={payment.id} />
        <input type="hidden" name="key" value={payment.keys.void} />
        <ConfirmButton label={texts.orders.void} says={texts.orders.voidSays(whole, canCancel(order.status))} />
      </Form>
    </>
  );
}

function RefundPart({ payment, view: { order, refused }, state: { locale } }: PartProps) {
  const mine = refused?.action === `refund${payment.id}` ? refused : undefined;
  const { currency } = payment.amount;
  return (
    <details class="disclosure" open={!!mine}>
      <summary>{texts.orders.refund}</summary>
      <Form class="form">
        {mine && <ErrorSummary errors={mine.errors} />}
        <input type="hidden" name="action" value="refund" />
        <input type="hidden" name="payment_id" value={payment.id} />
        <input type="hidden" name="key" value={payment.keys.refund} />
        <RefundForm
          left={payment.captured_amount.amount - payment.refunded_amount.amount}
          lines={linesOf(order, payment)}
          currency={currency}
          digits={exponentOf(currency)}
          locale={locale}
          values={mine?.values ?? {}}
          faults={mine?.errors.fields ?? {}}
          texts={texts.refund}
        />
      </Form>
    </details>
  );
}

/** The lines of which something can still go back, with how much went back already or is on its way. */
function linesOf({ items }: Order, { refunds }: PaymentView) {
  const given = refunds.filter(({ status }) => status !== "failed").flatMap(({ items }) => items);
  return items.map(({ id, name, quantity, total }) => {
    const returned = given.reduce((sum, item) => item.id === id ? sum + item.quantity : sum, 0);
    return { id, name, quantity, returned, total: total.amount };
  }).filter(({ quantity, returned }) => returned < quantity);
}
