import { texts } from "../texts.ts";
import type { SignedIn } from "../identity_types.ts";
import { ConfirmButton, Form } from "./form.tsx";
import { Table } from "./table.tsx";
import { Badge, Empty, Time } from "./ui.tsx";

const t = texts.sessions;

/** Where somebody is signed in, each with a button that ends it, and one that ends all (others). */
export function SignedInList(
  { sessions, locale, all }: {
    sessions: readonly SignedIn[];
    locale: string;
    /** On the button that ends many, and what that does. */
    all: readonly [label: string, says: string];
  },
) {
  if (sessions.length === 0) return <Empty title={t.none} />;
  const many = sessions.some(({ current }) => !current);
  return (
    <>
      <Table
        label={t.title}
        rows={sessions}
        columns={[
          { title: t.client, cell: (one) => <span class="clip" title={one.user_agent ?? ""}>{clientName(one)}</span> },
          { title: t.network, cell: ({ ip }) => ip ?? texts.table.none, wide: true },
          { title: t.since, cell: ({ create_time }) => <Time time={create_time} locale={locale} />, wide: true },
          {
            title: t.used,
            labelled: true,
            line: true,
            cell: ({ last_used_time }) => <Time time={last_used_time} locale={locale} />,
          },
          {
            title: t.end,
            act: true,
            cell: (one) => one.current ? <Badge status="current" tone="info" text={t.here} /> : <EndButton one={one} />,
          },
        ]}
      />
      {many && (
        <Form class="form">
          <ConfirmButton label={all[0]} says={all[1]} name="end" value="all" />
        </Form>
      )}
    </>
  );
}

function EndButton({ one }: { one: SignedIn }) {
  return (
    <Form>
      <button type="submit" class="button small" name="end" value={one.id} aria-label={t.endNamed(clientName(one))}>
        {t.end}
      </button>
    </Form>
  );
}

/** What people call it: "Firefox on Linux"; else how it names itself. */
export function clientName({ user_agent }: Pick<SignedIn, "user_agent">): string {
  if (!user_agent) return t.unknown;
  const browser = BROWSERS.find(([, pattern]) => pattern.test(user_agent))?.[0];
  const system = SYSTEMS.find(([, pattern]) => pattern.test(user_agent))?.[0];
  return browser ? [browser, system].filter(Boolean).join(" on ") : user_agent.slice(0, 60);
}

/** Each also claims to be those below it. */
const BROWSERS: readonly [string, RegExp][] = [
  ["Edge", /\bEdg(e|A|iOS)?\//],
  ["Opera", /\bOPR\//],
  ["Firefox", /\b(Firefox|FxiOS)\//],
  ["Chrome", /\b((Headless)?Chrome|CriOS)\//],
  ["Safari", /\bSafari\//],
];
const SYSTEMS: readonly [string, RegExp][] = [
  ["iPhone", /\biPhone\b/],
  ["iPad", /\biPad\b/],
  ["Android", /\bAndroid\b/],
  ["Windows", /\bWindows\b/],
  ["macOS", /\bMac OS X\b/],
  ["Linux", /\bLinux\b/],
];
