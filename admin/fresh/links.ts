import type { VNode } from "preact";
import { buildId } from "./build_id.ts";

/** The query parameter by which a static file's URL names its build. */
export const CACHE_KEY = "__frsh_c";

/** Adds the build id to a local path that has none; other URLs stay. */
export function lockAsset(path: string): string {
  if (!path.startsWith("/") || path.startsWith("//")) return path;
  const url = new URL(path, "https://asset.local");
  if (url.searchParams.has(CACHE_KEY)) return path;
  url.searchParams.set(CACHE_KEY, buildId());
  return url.pathname + url.search + url.hash;
}

/** Locks the images of an element and, with the page's URL, marks links to the page itself and to what is above it. */
export function decorate(vnode: VNode, url: URL | Location): void {
  const props = vnode.props as Record<string, unknown>;
  if (vnode.type === "a") markLink(props, url);
  if (vnode.type === "img" && typeof props.src === "string") props.src = lockAsset(props.src);
}

function markLink(props: Record<string, unknown>, url: URL | Location): void {
  const { href } = props;
  if (typeof href !== "string" || !href.startsWith("/") || props["aria-current"] !== undefined) return;
  const target = new URL(href, "http://link.local");
  const [to, here] = [withoutSlash(target.pathname), withoutSlash(url.pathname)];
  if (to === here && (!target.search || target.search === url.search)) {
    Object.assign(props, { "aria-current": "page", "data-current": "true" });
  } else if (to === here || to === "/" || here.startsWith(`${to}/`)) {
    Object.assign(props, { "aria-current": "true", "data-ancestor": "true" });
  }
}

function withoutSlash(path: string): string {
  return path === "/" ? path : path.replace(/\/$/, "");
}
