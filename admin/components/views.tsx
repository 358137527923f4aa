import { texts } from "../texts.ts";
import type { State } from "../utils.ts";
import { type SavedView, viewOf } from "../views.ts";
import { Form } from "./form.tsx";
import { withQuery } from "./table.tsx";

const t = texts.views;

interface Props {
  label: string;
  /** Those that every operator has. */
  views: readonly (readonly [text: string, href: string])[];
  url: URL;
  /** Adds those that the operator saved, and lets one save the list as it is. */
  state?: State;
}

/** Links to the same list, seen in other ways; the one at hand is marked. */
export function Views({ label, views, url, state }: Props) {
  const own = state ? state.views.filter(({ path, store }) => path === url.pathname && store === state.store.slug) : [];
  const whole = viewOf(url);
  const here = own.some(({ query }) => `${url.pathname}${query}` === whole)
    ? whole
    : withQuery(url, { cursor: "", q: "", sort: "", store: "" });
  const links = [...views, ...own.map(({ name, path, query }) => [name, path + query] as const)];
  const fresh = whole !== url.pathname && !links.some(([, href]) => href === whole);
  return (
    <div class="views-line no-print">
      <nav class="views" aria-label={label}>
        {links.map(([text, href]) => (
          <a key={href} href={href} aria-current={href === here ? "page" : "false"}>{text}</a>
        ))}
      </nav>
      {state && fresh && <SaveView url={url} />}
      {own.filter(({ path, query }) => path + query === whole).map((view) => <DropView key={view.query} view={view} />)}
    </div>
  );
}

function SaveView({ url }: { url: URL }) {
  return (
    <details class="save-view">
      <summary class="button small">{t.save}</summary>
      <Form action="/views" class="inline">
        <input type="hidden" name="view" value={viewOf(url)} />
        <input name="name" aria-label={t.name} placeholder={t.name} maxLength={40} required />
        <button type="submit" class="button small primary" name="act" value="save">{texts.form.save}</button>
      </Form>
    </details>
  );
}

function DropView({ view: { path, query, name } }: { view: SavedView }) {
  return (
    <Form action="/views" class="inline">
      <input type="hidden" name="view" value={path + query} />
      <button type="submit" class="button small" name="act" value="drop">{t.drop(name)}</button>
    </Form>
  );
}
