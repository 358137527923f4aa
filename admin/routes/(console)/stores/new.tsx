import { page } from "fresh";
import { api } from "../../../api.ts";
import { StoreForm } from "../../../components/store_form.tsx";
import { Card, PageHead } from "../../../components/ui.tsx";
import { setFlash } from "../../../flash.ts";
import { attempt, faults, formOf, need, NO_ERRORS } from "../../../forms.ts";
import { NEW_STORE, readStore, storeBody, storeFields } from "../../../stores/store_form.ts";
import { texts } from "../../../texts.ts";
import type { Store } from "../../../types.ts";
import { define } from "../../../utils.ts";

const t = texts.stores;

export const handler = define.handlers({
  GET: (ctx) => {
    need(ctx.state, "platform:write");
    ctx.state.title = t.new;
    return page({ values: NEW_STORE, errors: NO_ERRORS });
  },
  POST: async (ctx) => {
    need(ctx.state, "platform:write");
    ctx.state.title = t.new;
    const values = readStore(await formOf(ctx.req));
    const made = storeBody(values);
    if (!("body" in made)) return page({ values, errors: made }, { status: 422 });
    const answer = await attempt(api(ctx).post<Store>("/stores", made.body));
    if ("errors" in answer) {
      const errors = faults(answer.errors.summary, storeFields(answer.errors.fields, values));
      return page({ values, errors }, { status: 422 });
    }
    await setFlash(ctx.state, t.created(answer.value.name));
    return ctx.redirect(`/stores/${answer.value.id}`, 303);
  },
});

export default define.page<typeof handler>(({ data: { values, errors } }) => (
  <div class="narrow">
    <PageHead title={t.new} back={["/stores", t.title]} />
    <Card>
      <StoreForm values={values} errors={errors} submit={t.create} />
    </Card>
  </div>
));
