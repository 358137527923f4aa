import { HttpError, page } from "fresh";
import { api } from "../../../api.ts";
import { CategoryForm } from "../../../components/category_form.tsx";
import { ConfirmButton, Form } from "../../../components/form.tsx";
import { Card, PageHead } from "../../../components/ui.tsx";
import { setFlash } from "../../../flash.ts";
import { attempt, formOf, need, NO_ERRORS, textsOf } from "../../../forms.ts";
import { texts } from "../../../texts.ts";
import type { Category } from "../../../types.ts";
import { define } from "../../../utils.ts";

const t = texts.categories;

export const handler = define.handlers({
  GET: async (ctx) => {
    need(ctx.state, "category:write");
    const { data: categories } = await api(ctx).get<{ data: Category[] }>("/categories");
    const category = find(categories, ctx.params.id);
    ctx.state.title = category.name;
    const { name, slug, parent_id } = category;
    return page({ category, categories, typed: { name, slug, parent_id: parent_id ?? "" }, errors: NO_ERRORS });
  },

  /** Saves the category; `act` deletes it. */
  POST: async (ctx) => {
    const { state } = ctx;
    need(state, "category:write");
    const { get, put, del } = api(ctx);
    const { data: categories } = await get<{ data: Category[] }>("/categories");
    const category = find(categories, ctx.params.id);
    state.title = category.name;
    const { act, name = "", slug = "", parent_id = "" } = textsOf(await formOf(ctx.req));
    const path = `/categories/${category.id}`;
    if (act === "delete") {
      const answer = await attempt(del(path));
      if ("errors" in answer) await setFlash(state, answer.errors.summary, "bad");
      else await setFlash(state, t.deleted(category.name));
      return ctx.redirect("errors" in answer ? path : "/categories", 303);
    }
    const answer = await attempt(put(path, { name, ...(slug ? { slug } : {}), parent_id: parent_id || null }));
    if ("errors" in answer) {
      return page({ category, categories, typed: { name, slug, parent_id }, errors: answer.errors }, { status: 422 });
    }
    await setFlash(state, t.saved(name));
    return ctx.redirect("/categories", 303);
  },
});

function find(categories: readonly Category[], id: string | undefined): Category {
  const category = categories.find((one) => one.id === id);
  if (!category) throw new HttpError(404);
  return category;
}

export default define.page<typeof handler>(({ data: { category, categories, typed, errors } }) => (
  <div class="narrow stack">
    <PageHead title={category.name} back={["/categories", t.title]}>
      <a class="button" href={`/products?category=${category.slug}`}>{t.see}</a>
    </PageHead>
    <Card>
      <CategoryForm
        typed={typed}
        errors={errors}
        parents={categories.filter(({ id }) => id !== category.id)}
        submit={t.save}
      />
    </Card>
    <Form>
      <ConfirmButton label={t.delete} says={t.deleteSays} name="act" value="delete" />
    </Form>
  </div>
));
