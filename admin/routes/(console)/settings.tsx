import { PageHead } from "../../components/ui.tsx";
import { page } from "fresh";
import { texts } from "../../texts.ts";
import { define, may, type State } from "../../utils.ts";

const t = texts.settings;
const p = texts.payments;

export const handler = define.handlers({
  GET: (ctx) => {
    ctx.state.title = t.title;
    return page();
  },
});

/** Everything that is set up once, in one place. */
export default define.page(({ state }) => (
  <>
    <PageHead title={t.title} />
    <div class="grid">
      {entriesFor(state).map(([href, title, text]) => (
        <a key={href} class="tile" href={href}>
          <h2>{title}</h2>
          <p class="muted">{text}</p>
        </a>
      ))}
    </div>
  </>
));

/** Only where the operator may go. */
function entriesFor(state: State): (readonly [href: string, title: string, text: string])[] {
  return [
    ["/profile", t.profile, t.profileText],
    ...(may(state, "store:write") ? [[`/stores/${state.store.id}`, t.store, t.storeText] as const] : []),
    ...(may(state, "payment:write") ? [["/payments/settings", p.settings, p.settingsText] as const] : []),
    ...(may(state, "user:read") ? [["/staff", texts.nav.staff, t.staffText] as const] : []),
    ...(may(state, "category:write") ? [["/categories", texts.nav.categories, t.categoriesText] as const] : []),
    ...(may(state, "webhook:read") ? [["/webhooks", texts.nav.webhooks, t.webhooksText] as const] : []),
    ...(may(state, "key:read") ? [["/api-keys", texts.apiKeys.title, t.apiKeysText] as const] : []),
    ...(may(state, "platform:write") ? [["/security", texts.security.title, t.securityText] as const] : []),
    ...(may(state, "audit:read") ? [["/audit", texts.nav.audit, t.auditText] as const] : []),
  ];
}
