import { page } from "fresh";
import { api } from "../../api.ts";
import { BestSellers, LowStockList, Sales, Today, ToDo } from "../../components/home.tsx";
import { Empty, PageHead } from "../../components/ui.tsx";
import { texts } from "../../texts.ts";
import type { Home, LowStock, Page } from "../../types.ts";
import { define, may } from "../../utils.ts";

interface Data {
  home?: Home;
  low: LowStock[];
}

export const handler = define.handlers<Data>({
  GET: async (ctx) => {
    ctx.state.title = texts.nav.home;
    if (!may(ctx.state, "stats:read")) return page({ low: [] });
    const { get } = api(ctx);
    const [home, low] = await Promise.all([
      get<Home>(`/stores/${ctx.state.store.id}/home`),
      get<Page<LowStock>>("/stock/low", { limit: 8 }),
    ]);
    return page({ home, low: low.data });
  },
});

export default define.page<typeof handler>(({ data: { home, low }, state }) => (
  <>
    <PageHead title={texts.home.title(state.store.name)} />
    {home
      ? (
        <div class="stack">
          <ToDo home={home} state={state} />
          <Today home={home} state={state} />
          <Sales home={home} state={state} />
          <div class="grid">
            <BestSellers home={home} state={state} />
            <LowStockList low={low} />
          </div>
        </div>
      )
      : <Empty title={texts.home.nothing} />}
  </>
));
