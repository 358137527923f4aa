import type { ComponentChildren, Key } from "preact";
import { useContext } from "preact/hooks";
import { plain, rendering } from "./rendering.ts";
import { HeadContext } from "./runtime.tsx";

const TAGS = ["title", "meta", "link", "script", "style", "base", "noscript", "template"];

/** Whether an element may stand in the document's head. */
export function isHeadTag(type: unknown): boolean {
  return TAGS.includes(String(type));
}

/** Stands for an element of the head: within `<Head>` it is kept for later, within `<head>` one of the same kind replaces it. */
export function HeadElement({ tag, props, id }: { tag: string; props: object; id: Key }): ComponentChildren {
  const place = useContext(HeadContext);
  const heads = rendering()?.heads;
  const element = plain(tag, props);
  const kind = String(id ?? kindOf(tag, props));
  if (!place || !heads) return element;
  if (place === "Head") {
    heads.set(kind, element);
    return null;
  }
  const replacement = heads.get(kind);
  heads.delete(kind);
  return replacement ?? element;
}

/** What `<Head>` holds and nothing in `<head>` was replaced by. */
export function RemainingHead(): ComponentChildren {
  return [...rendering()?.heads.values() ?? []];
}

/** What says that two elements mean the same: all but their content; of a meta and a link all but `content`, `href`. */
function kindOf(tag: string, props: object): string {
  if (tag === "title") return tag;
  const ignored = ["children", "nonce", "ref", tag === "meta" && "content", tag === "link" && "href"];
  const entries = Object.entries(props).filter(([name]) => !ignored.includes(name));
  return `${tag} ${JSON.stringify(entries.toSorted(([a], [b]) => a < b ? -1 : 1))}`;
}
