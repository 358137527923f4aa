import { type FormErrors, NO_ERRORS } from "../form_errors.ts";
import { isBlank, type ProductValues } from "../products/product_form.ts";
import { texts } from "../texts.ts";
import type { Category, Store } from "../types.ts";
import { Field, Form } from "./form.tsx";
import { ProductImages } from "./product_images.tsx";
import { Card } from "./ui.tsx";
import { VariantSheet } from "./variant_sheet.tsx";

const t = texts.products;

interface Props {
  values: ProductValues;
  errors?: FormErrors;
  store: Store;
  categories: readonly Category[];
  /** Something was typed and not saved yet. */
  changed?: boolean;
  submit: string;
}

/** The id of the form, for buttons outside of it. */
export const PRODUCT_FORM = "product";

/** The form of a product, new or not. */
export function ProductForm({ values, errors = NO_ERRORS, store, categories, changed = false, submit }: Props) {
  const { fields } = errors;
  const isNew = !values.version;
  return (
    <Form errors={errors} main changed={changed} upload id={PRODUCT_FORM} class="form">
      <input type="hidden" name="version" value={values.version} />
      <div class="columns">
        <div class="stack">
          <Card title={t.details}>
            <div class="form">
              <Field label={t.name} name="name" value={values.name} error={fields.name} maxLength={200} required />
              <Field
                label={t.description}
                name="description"
                value={values.description}
                error={fields.description}
                rows={6}
                maxLength={20_000}
              />
            </div>
          </Card>
          <Card title={t.images} id="f-images">
            <ProductImages images={values.images} url={values.image_url} error={fields.images} />
          </Card>
          {values.simple && (
            <Card title={t.pricing}>
              <input type="hidden" name="id" value={values.id} />
              <div class="fields">
                <Field label={t.sku} name="sku" value={values.sku} error={fields.sku} maxLength={100} />
                <Field
                  label={`${t.price} (${store.currency})`}
                  name="price"
                  value={values.price}
                  error={fields.price}
                  inputMode="decimal"
                />
                {isNew && (
                  <Field
                    label={t.stock}
                    name="stock"
                    value={values.stock}
                    error={fields.stock}
                    inputMode="numeric"
                    placeholder="0"
                  />
                )}
              </div>
            </Card>
          )}
        </div>
        <div class="stack">
          <Card title={t.organisation}>
            <div class="form">
              <Field
                label={t.status}
                name="status"
                value={values.status}
                error={fields.status}
                hint={t.statusHint}
                options={Object.entries(t.statuses)}
              />
              <Field
                label={t.category}
                name="category"
                value={values.category}
                error={fields.category}
                options={[["", t.noCategory], ...categoryOptions(categories)]}
              />
              <Field
                label={t.slug}
                name="slug"
                value={values.slug}
                error={fields.slug}
                hint={t.slugHint}
                maxLength={200}
              />
            </div>
          </Card>
          <div class="actions">
            <button type="submit" class="button primary wide">{submit}</button>
          </div>
        </div>
      </div>
      <Card title={t.variants} id="f-variants">
        {values.simple
          ? (
            <details class="disclosure" open={values.variants.some((row) => !isBlank(row))}>
              <summary>{t.makeVariants}</summary>
              <VariantSheet values={values} errors={fields} currency={store.currency} />
            </details>
          )
          : <VariantSheet values={values} errors={fields} currency={store.currency} />}
      </Card>
    </Form>
  );
}

/** Categories for a choice, children behind their parents. */
export function categoryOptions(categories: readonly Category[], key: "id" | "slug" = "id"): [string, string][] {
  return inTree(categories).map(({ category, depth }) => [category[key], `${"\u2003".repeat(depth)}${category.name}`]);
}

/** Categories in the order of the tree, with how deep each is. */
export function inTree(categories: readonly Category[]): { category: Category; depth: number }[] {
  const ids = new Set(categories.map(({ id }) => id));
  const children = Map.groupBy(categories, ({ parent_id }) => parent_id && ids.has(parent_id) ? parent_id : "");
  const walk = (parent: string, depth: number): { category: Category; depth: number }[] =>
    (children.get(parent) ?? []).flatMap((category) => [{ category, depth }, ...walk(category.id, depth + 1)]);
  return walk("", 0);
}
