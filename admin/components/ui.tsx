import type { ComponentChildren } from "preact";
import { ago, dateTime, money } from "../format.ts";
import { texts } from "../texts.ts";
import type { Money as MoneyValue } from "../types.ts";

/** A page's heading, with what can be done about the whole page. */
export function PageHead(
  { title, back, badge, children }: {
    title: string;
    back?: readonly [href: string, text: string];
    badge?: ComponentChildren;
    children?: ComponentChildren;
  },
) {
  return (
    <div class="page-head">
      <div>
        {back && <a class="back" href={back[0]}>← {back[1]}</a>}
        <h1>{title}{badge}</h1>
      </div>
      {children && <div class="actions">{children}</div>}
    </div>
  );
}

/** A piece of a page with its own heading. */
export function Card(
  { title, id, actions, class: more = "", children }: {
    title?: string;
    id?: string;
    actions?: ComponentChildren;
    class?: string;
    children: ComponentChildren;
  },
) {
  return (
    <section class={`card ${more}`} {...(id ? { id } : {})}>
      {title && (
        <div class="card-head">
          <h2>{title}</h2>
          {actions}
        </div>
      )}
      {children}
    </section>
  );
}

const TONES: Record<string, string> = {
  active: "good",
  paid: "good",
  captured: "good",
  completed: "good",
  delivered: "good",
  succeeded: "good",
  processing: "info",
  shipped: "info",
  authorized: "info",
  pending_payment: "warn",
  pending: "warn",
  unknown: "warn",
  draft: "warn",
  partially_refunded: "warn",
  suspended: "warn",
  failed: "bad",
  declined: "bad",
  cancelled: "bad",
};

/** A status as a coloured word. */
export function Badge({ status, tone, text }: { status: string; tone?: string; text?: string }) {
  return <span class={`badge ${tone ?? TONES[status] ?? "calm"}`}>{text ?? words(status)}</span>;
}

/** "pending_payment" as people read it: "Pending payment". */
export function words(code: string): string {
  const text = code.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Money in figures that stand below each other. */
export function Money({ value, locale }: { value: MoneyValue; locale: string }) {
  return <span class="money">{money(value, locale)}</span>;
}

/** A point in time: how long ago, the rest on hover; or `full`. */
export function Time({ time, locale, full }: { time: string; locale: string; full?: boolean }) {
  const whole = `${dateTime(time, locale)} UTC`;
  return <time dateTime={time} title={whole}>{full ? whole : ago(time, locale)}</time>;
}

/** What a list says when nothing is in it: what to do next. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

/** An empty list: nothing there yet, or nothing that the filters let through, and the way back to all. */
export function NoneFound(
  { url, found, none, children }: { url: URL; found: string; none: string; children?: ComponentChildren },
) {
  if (!url.search) return <Empty title={none}>{children}</Empty>;
  return (
    <Empty title={found}>
      <a class="button" href={url.pathname}>{texts.form.reset}</a>
    </Empty>
  );
}

/** Facts by name. */
export function Facts({ facts }: { facts: readonly (readonly [name: string, value: ComponentChildren])[] }) {
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value ?? texts.table.none}</dd>
        </div>
      ))}
    </dl>
  );
}

export interface TimelineEntry {
  time: string;
  text: ComponentChildren;
  by?: string;
  detail?: ComponentChildren;
}

/** What happened, newest first. */
export function Timeline({ entries, locale }: { entries: readonly TimelineEntry[]; locale: string }) {
  return (
    <ol class="timeline">
      {entries.map(({ time, text, by, detail }, index) => (
        <li key={index}>
          <p>{text}</p>
          {detail && <p class="timeline-detail">{detail}</p>}
          <p class="muted">
            <Time time={time} locale={locale} />
            {by && ` · ${by}`}
          </p>
        </li>
      ))}
    </ol>
  );
}
