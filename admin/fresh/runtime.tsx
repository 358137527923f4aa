/** `fresh/runtime`: what components, islands included, may import on both sides. */
import { type ComponentChildren, createContext, h, isValidElement, toChildArray } from "preact";
import { useEffect } from "preact/hooks";
import { lockAsset } from "./links.ts";

/** Whether this runs in a browser. */
export const IS_BROWSER = typeof document !== "undefined";

/** Adds the build id to the path of a static file, by which the browser may keep it for good. */
export function asset(path: string): string {
  return lockAsset(path);
}

/** Where an element of the document's head is met: within `<Head>`, within `<head>`, or elsewhere. */
export const HeadContext = createContext<"Head" | "head" | undefined>(undefined);

/** Puts its children into the document's head; they replace those of the same kind in `_app.tsx`. In the browser only `<title>`. */
export function Head(props: { children?: ComponentChildren }): ComponentChildren {
  return IS_BROWSER ? h(BrowserHead, props) : h(HeadContext.Provider, { value: "Head" }, props.children);
}

function BrowserHead(props: { children?: ComponentChildren }) {
  const title = toChildArray(props.children).find((child) => isValidElement(child) && child.type === "title");
  const text = isValidElement(title) ? toChildArray(title.props.children).join("") : undefined;
  useEffect(() => {
    if (text !== undefined) document.title = text;
  }, [text]);
  return null;
}
