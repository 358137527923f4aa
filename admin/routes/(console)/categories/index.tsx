import { page } from "fresh";
import { api } from "../../../api.ts";
import { CategoryForm } from "../../../components/category_form.tsx";
import { inTree } from "../../../components/product_form.tsx";
import { Table } from "../../../components/table.tsx";
import { Card, Empty, PageHead } from "../../../components/ui.tsx";
import { setFlash } from "../../../flash.ts";
import { number } from "../../../format.ts";
import { attempt, formOf, need, NO_ERRORS, textsOf } from "../../../forms.ts";
import { texts } from "../../../texts.ts";
import type { Category } from "../../../types.ts";
import { define } from "../../../utils.ts";

const t = texts.categories;

export const handler = define.handlers({
  GET: async (ctx) => {
    need(ctx.state, "category:write");
    ctx.state.title = t.title;
    const { data } = await api(ctx).get<{ data: Category[] }>("/categories");
    return page({ categories: data, typed: {} as Record<string, string>, errors: NO_ERRORS });
  },

  /** Adds a category. */
  POST: async (ctx) => {
    need(ctx.state, "category:write");
    ctx.state.title = t.title;
    const { get, post } = api(ctx);
    const typed = textsOf(await formOf(ctx.req));
    const { name, slug, parent_id } = typed;
    const answer = await attempt(
      post<Category>("/categories", { name, ...(slug ? { slug } : {}), ...(parent_id ? { parent_id } : {}) }),
    );
    if ("errors" in answer) {
      const { data } = await get<{ data: Category[] }>("/categories");
      return page({ categories: data, typed, errors: answer.errors }, { status: 422 });
    }
    await setFlash(ctx.state, t.created(answer.value.name));
    return ctx.redirect("/categories", 303);
  },
});

export default define.page<typeof handler>(({ data: { categories, typed, errors }, state }) => (
  <>
    <PageHead title={t.title} />
    <div class="columns">
      {categories.length === 0
        ? (
          <Empty title={t.empty}>
            <p>{t.emptyHint}</p>
          </Empty>
        )
        : (
          <Table
            label={t.title}
            rows={inTree(categories).map(({ category, depth }) => ({ ...category, depth }))}
            href={({ id }) => `/categories/${id}`}
            columns={[
              { title: t.name, cell: ({ name, depth }) => <span class={`depth-${Math.min(depth, 6)}`}>{name}</span> },
              { title: t.slug, wide: true, cell: ({ slug }) => <code>{slug}</code> },
              {
                title: t.products,
                numeric: true,
                cell: ({ slug, product_count }) => (
                  <a href={`/products?category=${slug}`}>{t.count(number(product_count, state.locale))}</a>
                ),
              },
            ]}
          />
        )}
      <Card title={t.add}>
        <CategoryForm typed={typed} errors={errors} parents={categories} submit={t.create} />
      </Card>
    </div>
  </>
));
