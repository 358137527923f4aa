import { page } from "fresh";
import { api } from "../../api.ts";
import { Filters } from "../../components/filters.tsx";
import { withQuery } from "../../components/table.tsx";
import { Badge, Card, Empty, PageHead } from "../../components/ui.tsx";
import { money } from "../../format.ts";
import { need } from "../../forms.ts";
import { texts } from "../../texts.ts";
import type { Found } from "../../types.ts";
import { define, type State } from "../../utils.ts";

interface Hit {
  kind: string;
  text: string;
  detail: string;
  href: string;
  status?: string;
}

const MAX_LENGTH = 200;

export const handler = define.handlers<Hit[]>({
  GET: async (ctx) => {
    need(ctx.state, "order:read");
    ctx.state.title = texts.frame.search;
    const q = asked(ctx.url);
    const hits = q ? hitsOf(await api(ctx).get<Found>("/search", { q }), ctx.state) : [];
    // What the command palette asks for.
    if (ctx.url.searchParams.get("format") === "json") return ctx.json(hits);
    return page(hits);
  },
});

function asked({ searchParams }: URL): string {
  return (searchParams.get("q") ?? "").trim().slice(0, MAX_LENGTH);
}

/** Where all that is found of a kind is listed: here only the first of each are. */
const LISTS: Record<string, string> = {
  [texts.nav.orders]: "/orders",
  [texts.nav.products]: "/products",
  [texts.nav.customers]: "/customers",
};

function hitsOf({ orders, products, customers }: Found, { locale }: State): Hit[] {
  return [
    ...orders.map(({ id, number, email, status, total }) => ({
      kind: texts.nav.orders,
      text: texts.orders.name(number),
      detail: `${email} · ${money(total, locale)}`,
      href: `/orders/${id}`,
      status,
    })),
    ...products.map(({ id, name, status, price }) => ({
      kind: texts.nav.products,
      text: name,
      detail: money(price, locale),
      href: `/products/${id}`,
      status,
    })),
    ...customers.map(({ id, email, name }) => ({
      kind: texts.nav.customers,
      text: name || email,
      detail: email,
      href: `/customers/${id}`,
    })),
  ];
}

export default define.page<typeof handler>(({ data: hits, url }) => {
  const kinds = Map.groupBy(hits, ({ kind }) => kind);
  return (
    <div class="stack">
      <PageHead title={texts.frame.search} />
      <Filters url={url} search={texts.frame.searchLabel} submit={texts.frame.search} />
      {hits.length === 0 && <Empty title={url.searchParams.get("q") ? texts.search.none : texts.search.start} />}
      {[...kinds].map(([kind, found]) => (
        <Card
          key={kind}
          title={kind}
          actions={
            <a href={withQuery(new URL(LISTS[kind] ?? "/", url), { q: asked(url) })}>{texts.search.all(kind)}</a>
          }
        >
          <ul class="lines">
            {found.map(({ text, detail, href, status }) => (
              <li key={href}>
                <a href={href}>{text}</a>
                <span class="muted">
                  {detail} {status && <Badge status={status} />}
                </span>
              </li>
            ))}
          </ul>
        </Card>
      ))}
    </div>
  );
});
