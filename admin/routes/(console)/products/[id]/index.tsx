import { page } from "fresh";
import { api } from "../../../../api.ts";
import { lastChange } from "../../../../audit.ts";
import { ConfirmButton, Form } from "../../../../components/form.tsx";
import { PRODUCT_FORM, ProductForm } from "../../../../components/product_form.tsx";
import { ProductConflict } from "../../../../components/product_conflict.tsx";
import { ProductFacts, ProductView } from "../../../../components/product_view.tsx";
import { Badge, Card, PageHead } from "../../../../components/ui.tsx";
import { setFlash } from "../../../../flash.ts";
import { attempt, formOf, need, NO_ERRORS } from "../../../../forms.ts";
import { differences } from "../../../../products/conflict.ts";
import { loadProduct } from "../../../../products/load_product.ts";
import { valuesOf } from "../../../../products/product_form.ts";
import { saveProduct } from "../../../../products/save_product.ts";
import { texts } from "../../../../texts.ts";
import type { Category, Product } from "../../../../types.ts";
import { define, may } from "../../../../utils.ts";

const t = texts.products;

export const handler = define.handlers({
  GET: async (ctx) => {
    const { state, params: { id = "" } } = ctx;
    need(state, "product:read");
    const { get } = api(ctx);
    const [product, { data: categories }] = await Promise.all([
      loadProduct(ctx, id),
      get<{ data: Category[] }>("/categories"),
    ]);
    state.title = product.name;
    return page({
      product,
      categories,
      values: valuesOf(product, state.locale),
      errors: NO_ERRORS,
      conflict: undefined,
    });
  },

  /** Saves the form; `act` archives or deletes. */
  POST: async (ctx) => {
    const { state, params: { id = "" } } = ctx;
    need(state, "product:write");
    const gateway = api(ctx);
    const form = await formOf(ctx.req);
    const product = await loadProduct(ctx, id);
    state.title = product.name;
    const act = form.get("act");
    if (act === "archive" || act === "delete") {
      const gone = act === "archive"
        ? gateway.patch(`/products/${product.id}`, { status: "archived", version: product.version })
        : gateway.del(`/products/${product.id}`);
      const answer = await attempt(gone);
      if ("errors" in answer) await setFlash(state, answer.errors.summary, "bad");
      else await setFlash(state, act === "archive" ? t.archived(product.name) : t.deleted(product.name));
      return ctx.redirect("errors" in answer ? `/products/${product.id}` : "/products", 303);
    }

    const saved = await saveProduct(gateway, state.store, form, product);
    if ("product" in saved) {
      await setFlash(state, t.saved(saved.product.name));
      return ctx.redirect(`/products/${saved.product.id}`, 303);
    }
    const { data: categories } = await gateway.get<{ data: Category[] }>("/categories");
    const { values, errors, conflict } = saved;
    if (!conflict) return page({ product, categories, values, errors, conflict: undefined }, { status: 422 });
    // What is typed is kept, on top of the version that it now would replace.
    const theirs = await gateway.get<Product>(`/products/${product.id}`);
    const found = {
      change: await lastChange(gateway, "products", product.id, theirs.update_time),
      differences: differences(valuesOf(theirs, state.locale), values),
    };
    const review = { ...values, version: String(theirs.version) };
    return page({ product: theirs, categories, values: review, errors: NO_ERRORS, conflict: found }, { status: 409 });
  },
});

export default define.page<typeof handler>(({ data, state }) => {
  const { product, categories, values, errors, conflict } = data;
  const writes = may(state, "product:write");
  return (
    <>
      <PageHead
        title={product.name}
        back={["/products", t.title]}
        badge={<Badge status={product.status} text={t.statuses[product.status]} />}
      >
        <a class="button" href={`/products/${product.id}/preview`}>{t.preview}</a>
        {may(state, "stock:write") && <a class="button" href={`/products/${product.id}/stock`}>{t.stockLink}</a>}
        {writes && <button type="submit" form={PRODUCT_FORM} class="button primary">{t.save}</button>}
      </PageHead>
      {conflict && <ProductConflict {...conflict} id={product.id} locale={state.locale} />}
      {writes
        ? (
          <ProductForm
            values={values}
            errors={errors}
            store={state.store}
            categories={categories}
            changed={errors !== NO_ERRORS || conflict !== undefined}
            submit={t.save}
          />
        )
        : <ProductView product={product} locale={state.locale} />}
      <div class="columns below">
        {writes && (
          <Card title={t.dangerZone}>
            <div class="actions">
              {product.status !== "archived" && (
                <Form>
                  <ConfirmButton label={t.archive} says={t.archiveSays} name="act" value="archive" />
                </Form>
              )}
              <Form>
                <ConfirmButton label={t.delete} says={t.deleteSays} name="act" value="delete" />
              </Form>
            </div>
          </Card>
        )}
        <Card title={t.facts}>
          <ProductFacts product={product} locale={state.locale} />
        </Card>
      </div>
    </>
  );
});
