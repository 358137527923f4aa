import { page } from "fresh";
import { api } from "../../../api.ts";
import { PRODUCT_FORM, ProductForm } from "../../../components/product_form.tsx";
import { PageHead } from "../../../components/ui.tsx";
import { setFlash } from "../../../flash.ts";
import { formOf, need, NO_ERRORS } from "../../../forms.ts";
import { emptyValues } from "../../../products/product_form.ts";
import { saveProduct } from "../../../products/save_product.ts";
import { texts } from "../../../texts.ts";
import type { Category } from "../../../types.ts";
import { define } from "../../../utils.ts";

const t = texts.products;

export const handler = define.handlers({
  GET: async (ctx) => {
    need(ctx.state, "product:write");
    ctx.state.title = t.new;
    const { data: categories } = await api(ctx).get<{ data: Category[] }>("/categories");
    return page({ values: emptyValues(), errors: NO_ERRORS, categories });
  },
  POST: async (ctx) => {
    need(ctx.state, "product:write");
    ctx.state.title = t.new;
    const gateway = api(ctx);
    const saved = await saveProduct(gateway, ctx.state.store, await formOf(ctx.req));
    if ("product" in saved) {
      await setFlash(ctx.state, t.created(saved.product.name));
      return ctx.redirect(`/products/${saved.product.id}`, 303);
    }
    const { data: categories } = await gateway.get<{ data: Category[] }>("/categories");
    return page({ values: saved.values, errors: saved.errors, categories }, { status: 422 });
  },
});

export default define.page<typeof handler>(({ data: { values, errors, categories }, state }) => (
  <>
    <PageHead title={t.new} back={["/products", t.title]}>
      <button type="submit" form={PRODUCT_FORM} class="button primary">{t.create}</button>
    </PageHead>
    <ProductForm
      values={values}
      errors={errors}
      store={state.store}
      categories={categories}
      changed={errors !== NO_ERRORS}
      submit={t.create}
    />
  </>
));
