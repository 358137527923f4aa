import { App, csp, csrf, staticFiles } from "fresh";
import { boundary } from "./boundary.tsx";
import { observe } from "./observe.ts";
import type { State } from "./utils.ts";

/** The operators' console. */
export const app = new App<State>()
  .use(observe)
  .use(staticFiles())
  .use(csp({ useNonce: true }))
  .use(boundary)
  .use(csrf())
  .fsRoutes();
