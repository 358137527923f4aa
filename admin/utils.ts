import { createDefine } from "fresh";
import type { Permission } from "../services/shared/permissions.ts";
import type { Flash } from "./flash.ts";
import type { Session } from "./session.ts";
import type { Me, Store } from "./types.ts";
import type { SavedView } from "./views.ts";

export type Theme = "auto" | "light" | "dark";

/** What middlewares leave for the pages of a request. From `user` on: only within routes/(console). */
export interface State {
  /** The document's title, before the shop's name. */
  title?: string;
  /** Goes to the gateway, so that its log lines and ours are found together. */
  request_id: string;
  /** `Set-Cookie` lines that the answer carries, whatever it will be. */
  cookies: string[];
  theme: Theme;
  session?: Session;
  user: Me;
  /** The store that the pages are about. */
  store: Store;
  /** The stores that the operator works for. */
  stores: Store[];
  /** Of the store: how dates, money and numbers are written. */
  locale: string;
  /** Lists as the operator saved them. */
  views: SavedView[];
  /** What the write before did. */
  flash?: Flash;
}

export const define = createDefine<State>();

/** Whether the operator has a permission in the store at hand, by the same catalogue as the gateway. */
export function may({ user, store }: Pick<State, "user" | "store">, permission: Permission): boolean {
  const given = user.permissions["*"] ?? user.permissions[store.id] ?? [];
  return given.includes(permission);
}
