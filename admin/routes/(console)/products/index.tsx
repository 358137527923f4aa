import { page } from "fresh";
import { api } from "../../../api.ts";
import { Field, Form } from "../../../components/form.tsx";
import { categoryOptions } from "../../../components/product_form.tsx";
import { Pagination, Table, withQuery } from "../../../components/table.tsx";
import { Views } from "../../../components/views.tsx";
import { Badge, Empty, Money, PageHead, Time } from "../../../components/ui.tsx";
import { setFlash } from "../../../flash.ts";
import { number } from "../../../format.ts";
import { formOf, need } from "../../../forms.ts";
import { imageSource } from "../../../products/image.ts";
import { listQuery, STATUSES } from "../../../products/list_query.ts";
import { texts } from "../../../texts.ts";
import type { Category, Page, Product } from "../../../types.ts";
import { define, may, type State } from "../../../utils.ts";

const t = texts.products;

/** What became of many at once. */
interface Bulk {
  changed: number;
  refused: number;
}

export const handler = define.handlers({
  GET: async (ctx) => {
    const { state, url } = ctx;
    need(state, "product:read");
    state.title = t.title;
    const { get } = api(ctx);
    const [products, { data: categories }] = await Promise.all([
      get<Page<Product>>("/products", {
        ...listQuery(url, state),
        cursor: url.searchParams.get("cursor") ?? undefined,
        limit: 25,
        count: "exact",
      }),
      get<{ data: Category[] }>("/categories"),
    ]);
    return page({ products, categories });
  },

  /** Sets the status of the chosen products. */
  POST: async (ctx) => {
    const { state, url } = ctx;
    need(state, "product:write");
    const form = await formOf(ctx.req);
    const ids = [...new Set(form.getAll("ids").map(String).filter((id) => /^[\w-]{36}$/.test(id)))].slice(0, 100);
    const status = STATUSES.find((value) => value === form.get("status"));
    const back = ctx.redirect(withQuery(url, { store: "" }), 303);
    if (!status || ids.length === 0) {
      await setFlash(state, t.chooseSome, "bad");
      return back;
    }
    const { changed, refused } = await api(ctx).post<Bulk>("/products/bulk-status", { ids, status });
    const said = t.bulkDone(changed, t.statuses[status].toLowerCase());
    await setFlash(state, refused ? `${said} ${t.bulkRefused(refused)}` : said, refused ? "bad" : "good");
    return back;
  },
});

export default define.page<typeof handler>(({ data: { products, categories }, state, url }) => {
  const writes = may(state, "product:write");
  const { data, next_cursor, total } = products;
  const filtered = [...url.searchParams.keys()].some((name) => !["store", "cursor", "sort"].includes(name));
  return (
    <>
      <PageHead title={t.title}>
        {writes && (
          <>
            <a class="button" href={`/products/export.csv${url.search}`} download>{t.export}</a>
            <a class="button" href="/products/import">{t.import}</a>
            <a class="button primary" href="/products/new">{t.add}</a>
          </>
        )}
      </PageHead>
      <Views
        label={t.views}
        url={url}
        state={state}
        views={[
          [t.view.all, "/products"],
          [t.view.active, "/products?status=active"],
          [t.view.draft, "/products?status=draft"],
          [t.view.archived, "/products?status=archived"],
        ]}
      />
      <Filters url={url} categories={categories} state={state} />
      {data.length === 0 && (filtered
        ? (
          <Empty title={t.noMatch}>
            <p>{t.noMatchHint}</p>
            <a class="button" href="/products">{texts.form.reset}</a>
          </Empty>
        )
        : (
          <Empty title={t.empty}>
            <p>{t.emptyHint}</p>
            {writes && <a class="button primary" href="/products/new">{t.add}</a>}
          </Empty>
        ))}
      {data.length > 0 && (
        <Table
          label={t.title}
          rows={data}
          url={url}
          href={({ id }) => `/products/${id}`}
          {...(writes ? { choose: { form: "bulk", name: ({ name }: Product) => name } } : {})}
          columns={[
            { title: t.name, cell: (product) => <Named product={product} /> },
            { title: t.status, cell: ({ status }) => <Badge status={status} text={t.statuses[status]} /> },
            { title: t.category, wide: true, cell: ({ category }) => category?.name },
            {
              title: t.price,
              numeric: true,
              sort: "price",
              cell: ({ price }) => <Money value={price} locale={state.locale} />,
            },
            {
              title: t.stock,
              numeric: true,
              labelled: true,
              cell: (product) => <InStock product={product} locale={state.locale} />,
            },
            {
              title: t.updated,
              wide: true,
              cell: ({ update_time }) => <Time time={update_time} locale={state.locale} />,
            },
          ]}
        />
      )}
      {writes && data.length > 0 && (
        <Form class="bulk" id="bulk">
          <span class="muted">{texts.table.selected}</span>
          <button type="submit" class="button" name="status" value="active">{t.publish}</button>
          <button type="submit" class="button" name="status" value="draft">{t.unpublish}</button>
          <button type="submit" class="button" name="status" value="archived">{t.archive}</button>
        </Form>
      )}
      <Pagination
        url={url}
        next_cursor={next_cursor}
        {...(!total ? {} : { total: t.count(number(total, state.locale)) })}
      />
    </>
  );
});

function Named({ product: { name, images, variants } }: { product: Product }) {
  const source = imageSource(images[0]?.url ?? "");
  return (
    <span class="named">
      {source
        ? <img class="thumb" src={source} alt="" width="40" height="40" loading="lazy" />
        : <span class="thumb" />}
      <span>
        {name}
        <span class="muted named-more">{variants.map(({ sku }) => sku).slice(0, 3).join(", ")}</span>
      </span>
    </span>
  );
}

function InStock({ product, locale }: { product: Product; locale: string }) {
  const available = product.variants.reduce((sum, variant) => sum + variant.available, 0);
  return available > 0
    ? <>{number(available, locale)}</>
    : <Badge status="sold out" tone="bad" text={t.stockChoices.false} />;
}

function Filters({ url, categories, state }: { url: URL; categories: Category[]; state: State }) {
  const value = (name: string) => url.searchParams.get(name) ?? "";
  const query = listQuery(url, state);
  const fault = (name: string) =>
    value(name) && query[name] === undefined ? t.notAnAmount(state.store.currency) : undefined;
  return (
    <form method="get" class="filters" role="search" aria-label={t.filters}>
      {value("status") && <input type="hidden" name="status" value={value("status")} />}
      <div class="grow">
        <Field label={t.q} name="q" type="search" value={value("q")} maxLength={200} />
      </div>
      <Field
        label={t.category}
        name="category"
        value={value("category")}
        options={[["", t.anyCategory], ...categoryOptions(categories, "slug")]}
      />
      <Field
        label={t.inStock}
        name="in_stock"
        value={value("in_stock")}
        options={[["", t.stockChoices.any], ["true", t.stockChoices.true], ["false", t.stockChoices.false]]}
      />
      <div class="short">
        <Field
          label={t.minPrice}
          name="min_price"
          value={value("min_price")}
          inputMode="decimal"
          error={fault("min_price")}
        />
      </div>
      <div class="short">
        <Field
          label={t.maxPrice}
          name="max_price"
          value={value("max_price")}
          inputMode="decimal"
          error={fault("max_price")}
        />
      </div>
      <Field label={t.sort} name="sort" value={value("sort") || "-create_time"} options={Object.entries(t.sorts)} />
      <button type="submit" class="button">{texts.filters.apply}</button>
    </form>
  );
}
