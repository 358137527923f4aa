import { HttpError, page } from "fresh";
import { api } from "../../../api.ts";
import { ConfirmButton, Form } from "../../../components/form.tsx";
import { StoreForm } from "../../../components/store_form.tsx";
import { Badge, Card, Facts, PageHead, Time } from "../../../components/ui.tsx";
import { setFlash } from "../../../flash.ts";
import { attempt, faults, formOf, need, NO_ERRORS } from "../../../forms.ts";
import { mayIn } from "../../../stores/may_in.ts";
import { readStore, storeBody, storeFields, storeValues } from "../../../stores/store_form.ts";
import { texts } from "../../../texts.ts";
import type { Store } from "../../../types.ts";
import { define, may, type State } from "../../../utils.ts";

const t = texts.stores;
const STATUSES = ["active", "suspended", "closed"] as const;

export const handler = define.handlers({
  GET: async (ctx) => {
    const known = ownStore(ctx.state, ctx.params.id);
    const store = await api(ctx).get<Store>(`/stores/${known.id}`);
    ctx.state.title = store.name;
    return page({ store, values: storeValues(store), errors: NO_ERRORS });
  },

  /** Saves the settings; `status` sets the status. */
  POST: async (ctx) => {
    const { state } = ctx;
    const known = ownStore(state, ctx.params.id);
    const { get, put } = api(ctx);
    const form = await formOf(ctx.req);
    const path = `/stores/${known.id}`;
    const status = STATUSES.find((value) => value === form.get("status"));
    if (status) {
      need(state, "platform:write");
      await put(`${path}/status`, { status });
      await setFlash(state, t.statusDone(known.name, t.statuses[status].toLowerCase()));
      return ctx.redirect(path, 303);
    }
    const values = readStore(form);
    const made = storeBody(values);
    const store = await get<Store>(path);
    state.title = store.name;
    if (!("body" in made)) return page({ store, values, errors: made }, { status: 422 });
    const answer = await attempt(put<Store>(path, made.body));
    if ("value" in answer) {
      await setFlash(state, t.saved(answer.value.name));
      return ctx.redirect(path, 303);
    }
    const conflict = answer.refusal.code === "version_conflict";
    const errors = faults(
      conflict ? t.conflict : answer.errors.summary,
      conflict ? {} : storeFields(answer.errors.fields, values),
    );
    const review = conflict ? { ...values, version: String(store.version) } : values;
    return page({ store, values: review, errors }, { status: conflict ? 409 : 422 });
  },
});

/** One of the stores that the operator may change. */
function ownStore({ user, stores }: State, id: string | undefined): Store {
  const store = stores.find((one) => one.id === id);
  if (!store) throw new HttpError(404);
  if (!mayIn(user, store.id, "store:write")) throw new HttpError(403);
  return store;
}

export default define.page<typeof handler>(({ data: { store, values, errors }, state }) => (
  <>
    <PageHead
      title={store.name}
      back={["/stores", t.title]}
      badge={<Badge status={store.status} text={t.statuses[store.status]} />}
    >
      {store.slug === state.store.slug && may(state, "payment:write") && (
        <a class="button" href="/payments/settings">{texts.payments.settings}</a>
      )}
      {store.slug !== state.store.slug && <a class="button" href={`/?store=${store.slug}`}>{t.use}</a>}
    </PageHead>
    <div class="columns">
      <Card title={t.settings}>
        <StoreForm values={values} errors={errors} submit={t.save} />
      </Card>
      <div class="stack">
        <Card title={texts.products.facts}>
          <Facts
            facts={[
              [texts.products.createTime, <Time key="created" time={store.create_time} locale={state.locale} full />],
              [texts.products.updated, <Time key="updated" time={store.update_time} locale={state.locale} />],
              [texts.products.version, store.version],
            ]}
          />
        </Card>
        {may(state, "platform:write") && (
          <Card title={t.status}>
            <div class="stack">
              {STATUSES.filter((status) => status !== store.status).map((status) => (
                <Form key={status}>
                  <ConfirmButton
                    label={t.statusDo[status]}
                    says={t.statusSays[status]}
                    danger={status !== "active"}
                    name="status"
                    value={status}
                  />
                </Form>
              ))}
            </div>
          </Card>
        )}
      </div>
    </div>
  </>
));
