import { type ComponentChildren, options, type VNode } from "preact";
import { jsxTemplate } from "preact/jsx-runtime";
import { renderToString } from "preact-render-to-string";
import { HeadElement, isHeadTag, RemainingHead } from "./head.tsx";
import { IslandBoundary } from "./island.tsx";
import { decorate } from "./links.ts";
import { own, Rendering, rendering, withRendering } from "./rendering.ts";
import { HeadContext } from "./runtime.tsx";
import { Scripts } from "./scripts.tsx";

/** Renders the page, then the app wrapper around it, so that the wrapper's head knows what the page adds to it. */
export function renderDocument(state: Rendering, content: VNode | null, wrap: (content: VNode) => VNode): string {
  return withRendering(state, () => {
    const html = renderToString(wrap(jsxTemplate([renderToString(<>{content}</>)])));
    return `<!DOCTYPE html>${complete(state.seen, html)}`;
  });
}

/** Adds those of html, head and body that nothing has rendered. */
function complete(seen: Rendering["seen"], html: string): string {
  if (seen.html && seen.head && seen.body) return html;
  const rendered = jsxTemplate([html]);
  const body = seen.body ? rendered : <body>{rendered}</body>;
  const both = seen.head ? body : (
    <>
      <head>
        <meta charset="utf-8" />
      </head>
      {body}
    </>
  );
  return renderToString(seen.html ? both : <html>{both}</html>);
}

/** Preact's hooks: `vnode` is run when an element is made, `__b` right before it is rendered. */
const hooks: typeof options & { __b?: (vnode: VNode) => void } = options;
const { vnode: whenMade, __b: beforeRender } = hooks;

hooks.vnode = (vnode) => {
  const state = rendering();
  if (state) {
    decorate(vnode, state.page.url);
    const props: { nonce?: string; children: ComponentChildren } = vnode.props;
    if (vnode.type === "script" || vnode.type === "style") props.nonce ||= state.nonce;
  }
  whenMade?.(vnode);
};

hooks.__b = (vnode) => {
  const state = rendering();
  if (state && !own.has(vnode)) surround(state, vnode);
  beforeRender?.(vnode);
};

/** Puts in an element's place, or around its children, what has to be there. */
function surround({ snapshot, seen }: Rendering, vnode: VNode): void {
  const { type, props, key: id } = vnode;
  const island = snapshot.islands.get(type);
  if (island) Object.assign(vnode, { type: IslandBoundary, props: { island, component: type, props, id } });
  else if (isHeadTag(type)) Object.assign(vnode, { type: HeadElement, props: { tag: type, props, id } });
  else if (type === "html" || type === "head" || type === "body") {
    seen[type] = true;
    if (type === "head") vnode.props = { ...props, children: <InHead>{props.children}</InHead> };
    if (type === "body") vnode.props = { ...props, children: [props.children, <Scripts key="scripts" />] };
  }
}

function InHead({ children }: { children: ComponentChildren }) {
  return (
    <HeadContext.Provider value="head">
      {children}
      <RemainingHead />
    </HeadContext.Provider>
  );
}
