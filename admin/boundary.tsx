import { HttpError } from "fresh";
import { ErrorPage } from "./components/error_page.tsx";
import { define } from "./utils.ts";

/**
 * Renders and logs what is thrown. Stands within `csp()`, which `routes/_error.tsx` is outside of. Takes the error that it
 * caught, as `ctx.error` lacks that of an unknown URL.
 */
export const boundary = define.middleware(async (ctx) => {
  try {
    return await ctx.next();
  } catch (error) {
    const status = error instanceof HttpError ? error.status : 500;
    if (status >= 500) console.error(error);
    return await ctx.render(<ErrorPage status={status} />, { status });
  }
});
