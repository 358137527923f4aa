import { page } from "fresh";
import { api } from "../../../../api.ts";
import { Field, Form } from "../../../../components/form.tsx";
import { Pagination, Table } from "../../../../components/table.tsx";
import { Card, Empty, PageHead, Time } from "../../../../components/ui.tsx";
import { setFlash } from "../../../../flash.ts";
import { number } from "../../../../format.ts";
import { attempt, faults, type FormErrors, formOf, need, NO_ERRORS, textsOf } from "../../../../forms.ts";
import { loadProduct } from "../../../../products/load_product.ts";
import { loadStock } from "../../../../products/load_stock.ts";
import { texts } from "../../../../texts.ts";
import type { Movement, Product, Stock } from "../../../../types.ts";
import { define } from "../../../../utils.ts";

const t = texts.stock;

export const handler = define.handlers({
  GET: async (ctx) => {
    need(ctx.state, "stock:write");
    const product = await loadProduct(ctx, ctx.params.id ?? "");
    ctx.state.title = t.title(product.name);
    const shown = await loadStock(api(ctx), product, ctx.url.searchParams);
    return page({ product, ...shown, typed: {} as Record<string, string>, errors: NO_ERRORS });
  },

  /** Moves stock of one variant. */
  POST: async (ctx) => {
    const { state, url } = ctx;
    need(state, "stock:write");
    const product = await loadProduct(ctx, ctx.params.id ?? "");
    state.title = t.title(product.name);
    const gateway = api(ctx);
    const typed = textsOf(await formOf(ctx.req));
    const refuse = async (errors: FormErrors) => {
      const shown = await loadStock(gateway, product, url.searchParams);
      return page({ product, ...shown, typed, errors }, { status: 422 });
    };
    const variant = product.variants.find(({ id }) => id === typed.variant_id);
    const delta = /^[+-]?\d{1,9}$/.test(typed.delta ?? "") ? Number(typed.delta) : 0;
    const fields: Record<string, string> = {};
    if (!variant) fields.variant_id = texts.products.required;
    if (delta === 0) fields.delta = t.notADelta;
    if (!typed.reason) fields.reason = texts.products.required;
    if (!variant || Object.keys(fields).length > 0) return await refuse(faults(texts.products.checkFields, fields));
    const answer = await attempt(
      gateway.post<Stock>(`/variants/${variant.id}/stock`, { delta, reason: typed.reason }),
    );
    if ("errors" in answer) return await refuse(answer.errors);
    const change = delta > 0 ? `+${delta}` : `${delta}`;
    await setFlash(state, t.moved(variant.sku, change, answer.value.on_hand));
    return ctx.redirect(`/products/${product.id}/stock?variant=${variant.id}`, 303);
  },
});

export default define.page<typeof handler>(({ data, state, url }) => {
  const { product, stock, variant, movements, typed, errors } = data;
  return (
    <>
      <PageHead title={t.title(product.name)} back={[`/products/${product.id}`, product.name]} />
      <div class="columns">
        <div class="stack">
          <Table
            label={texts.products.stock}
            rows={stock}
            href={({ id }) => `/products/${product.id}/stock?variant=${id}`}
            columns={[
              { title: texts.products.sku, cell: ({ sku }) => sku },
              { title: texts.products.variantName, wide: true, cell: ({ name }) => name },
              { title: t.onHand, numeric: true, labelled: true, cell: ({ on_hand }) => number(on_hand, state.locale) },
              {
                title: t.reserved,
                numeric: true,
                labelled: true,
                cell: ({ reserved }) => number(reserved, state.locale),
              },
              {
                title: t.available,
                numeric: true,
                labelled: true,
                cell: ({ available }) => number(available, state.locale),
              },
            ]}
          />
          <Card title={`${t.movements}: ${variant?.sku ?? ""}`}>
            {movements.data.length === 0
              ? <Empty title={t.none} />
              : <Movements movements={movements.data} locale={state.locale} />}
            <Pagination url={url} next_cursor={movements.next_cursor} />
          </Card>
        </div>
        <Card title={t.move}>
          <MoveForm product={product} chosen={variant?.id ?? ""} typed={typed} errors={errors} />
        </Card>
      </div>
    </>
  );
});

interface MoveProps {
  product: Product;
  chosen: string;
  typed: Record<string, string>;
  errors: FormErrors;
}

function MoveForm({ product, chosen, typed, errors }: MoveProps) {
  const { fields } = errors;
  return (
    <Form errors={errors} main class="form">
      <Field
        label={t.variant}
        name="variant_id"
        value={typed.variant_id ?? chosen}
        error={fields.variant_id}
        options={product.variants.map(({ id, sku, name }) => [id, name ? `${sku}: ${name}` : sku])}
      />
      <Field
        label={t.delta}
        name="delta"
        value={typed.delta ?? ""}
        error={fields.delta}
        hint={t.deltaHint}
        maxLength={10}
        required
      />
      <Field
        label={t.reason}
        name="reason"
        value={typed.reason ?? ""}
        error={fields.reason}
        list="reasons"
        maxLength={200}
        required
      />
      <datalist id="reasons">
        {t.reasons.map((reason) => <option key={reason} value={reason} />)}
      </datalist>
      <button type="submit" class="button primary">{t.submit}</button>
    </Form>
  );
}

function Movements({ movements, locale }: { movements: readonly Movement[]; locale: string }) {
  const signed = (value: number) => value === 0 ? texts.table.none : number(value, locale, { signDisplay: "always" });
  return (
    <Table
      label={t.movements}
      rows={movements.map((movement) => ({ ...movement, id: String(movement.id) }))}
      columns={[
        { title: t.when, cell: ({ time }) => <Time time={time} locale={locale} /> },
        { title: t.kind, cell: ({ kind }) => t.kinds[kind] ?? kind },
        { title: t.shelf, numeric: true, labelled: true, cell: ({ delta }) => signed(delta) },
        { title: t.held, numeric: true, wide: true, cell: ({ reserved_delta }) => signed(reserved_delta) },
        {
          title: t.reason,
          cell: ({ order_id, reason }) =>
            order_id ? <a href={`/orders/${order_id}`}>{reason || texts.nav.orders}</a> : reason,
        },
      ]}
    />
  );
}
