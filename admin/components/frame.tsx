import type { ComponentChildren } from "preact";
import Palette from "../islands/Palette.tsx";
import { SubmitOnce } from "../islands/SubmitOnce.tsx";
import type { Permission } from "../../services/shared/permissions.ts";
import { texts } from "../texts.ts";
import { may, type State } from "../utils.ts";
import { Flash } from "./flash.tsx";
import { Form } from "./form.tsx";
import { Icon, type IconName } from "./icon.tsx";

/** The navigation's entries; each is shown to whom the gateway would answer. */
const ENTRIES: readonly { name: IconName & keyof typeof texts.nav; href: string; permission?: Permission }[] = [
  { name: "home", href: "/" },
  { name: "orders", href: "/orders", permission: "order:read" },
  { name: "products", href: "/products", permission: "product:read" },
  { name: "categories", href: "/categories", permission: "category:write" },
  { name: "customers", href: "/customers", permission: "user:read" },
  { name: "payments", href: "/payments", permission: "payment:read" },
  { name: "staff", href: "/staff", permission: "user:read" },
  { name: "stores", href: "/stores", permission: "store:write" },
  { name: "webhooks", href: "/webhooks", permission: "webhook:read" },
  { name: "audit", href: "/audit", permission: "audit:read" },
  { name: "settings", href: "/settings" },
];

/** What surrounds each page: navigation at the left, a bar with search on top. On a phone the navigation is a popover. */
export function Frame({ state, children }: { state: State; children: ComponentChildren }) {
  return (
    <div class="frame">
      <a class="skip" href="#content">{texts.skip}</a>
      <header class="bar">
        <button type="button" class="button quiet bar-menu" popovertarget="navigation">
          <Icon name="menu" />
          <span class="visually-hidden">{texts.menu}</span>
        </button>
        <form class="search" role="search" action="/search" method="get">
          <Icon name="search" />
          <input
            type="search"
            name="q"
            id="search"
            aria-label={texts.frame.searchLabel}
            placeholder={texts.frame.searchHint}
            maxlength={200}
            autocomplete="off"
          />
        </form>
        <Palette label={texts.frame.searchLabel} />
      </header>
      <Navigation state={state} />
      <main id="content" tabIndex={-1}>
        {state.flash && <Flash {...state.flash} />}
        {children}
      </main>
      <SubmitOnce />
    </div>
  );
}

function Navigation({ state }: { state: State }) {
  const entries = ENTRIES.filter(({ permission }) => !permission || may(state, permission));
  return (
    <div class="navigation" id="navigation" popover="auto">
      <StoreSwitcher state={state} />
      <nav aria-label={texts.nav.label}>
        <ul>
          {entries.map(({ name, href }) => (
            <li key={name}>
              <a href={href}>
                <Icon name={name} />
                {texts.nav[name]}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <Operator state={state} />
    </div>
  );
}

function StoreSwitcher({ state: { store, stores } }: { state: State }) {
  if (stores.length < 2) return <p class="store-name">{store.name}</p>;
  return (
    <details class="store-switcher">
      <summary>
        <span>{store.name}</span>
        <span class="visually-hidden">{texts.frame.switchStore}</span>
        <Icon name="down" />
      </summary>
      <ul>
        {stores.map(({ slug, name }) => (
          <li key={slug}>
            <a href={`/?store=${slug}`} aria-current={slug === store.slug ? "true" : "false"}>{name}</a>
          </li>
        ))}
      </ul>
    </details>
  );
}

function Operator({ state: { user, theme } }: { state: State }) {
  return (
    <div class="operator">
      <Form action="/theme" class="segments" aria-label={texts.frame.theme}>
        {(["auto", "light", "dark"] as const).map((name) => (
          <button key={name} type="submit" name="theme" value={name} aria-pressed={theme === name}>
            {texts.frame.themes[name]}
          </button>
        ))}
      </Form>
      <div class="operator-line">
        <a href="/profile" class="operator-name" title={user.email}>{user.name || user.email}</a>
        <Form action="/logout">
          <button type="submit" class="link">{texts.frame.signOut}</button>
        </Form>
      </div>
    </div>
  );
}
