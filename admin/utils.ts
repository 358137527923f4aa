import { createDefine } from "fresh";

/** What middlewares leave for the pages of a request. */
export interface State {
  /** The document's title, before the shop's name. */
  title?: string;
}

export const define = createDefine<State>();
