/** What brings islands to life in the browser. */
import { computed, signal } from "@preact/signals";
import { parse } from "devalue";
import {
  type ComponentChild,
  type ComponentChildren,
  type ComponentType,
  type ContainerNode,
  h,
  options,
  render,
  type VNode,
} from "preact";
import { decorate } from "./links.ts";

/** What lies between two marks of the server, which become empty texts. */
interface Range {
  readonly kind: string;
  /** An island's number, or a slot's. */
  readonly id: number;
  readonly props: number;
  readonly key: string;
  readonly start: Text;
  readonly end: Text;
}

type Props = Record<string, unknown>;

/** Renders each island of the page into its place, the given components by the server's numbers. */
export function boot(components: ComponentType[], data: string): void {
  const ranges = new Map<Node, Range>();
  const roots = findRanges(document.body, ranges);
  const templates = [...document.querySelectorAll<HTMLTemplateElement>("template[id^=frsh-slot-]")];
  for (const { content } of templates) findRanges(content, ranges);

  const slots = new Map<number, ComponentChildren>();
  const allProps: Props[] = parse(data, {
    Slot: ([id]) => h(SlotContent, { of: slots, id }),
    Computed: ([value]) => computed(() => value),
    Signal: ([value]) => signal(value),
    Plain: (value) => value,
  });
  const island = ({ id, props, key }: Range) => h(components[id] as ComponentType<Props>, { ...allProps[props], key });
  const toJsx = (from: Node | null, end: Node | null) => toChildren(from, end, (node) => ranges.get(node), island);
  for (const range of ranges.values()) {
    if (range.kind === "slot") slots.set(range.id, toJsx(range.start.nextSibling, range.end));
  }
  for (const { id, content } of templates) slots.set(Number(id.split("-").at(-1)), toJsx(content.firstChild, null));

  const rooted = new Set(roots);
  for (const range of ranges.values()) {
    if (!rooted.has(range)) [range.start, range.end].forEach((mark) => mark.remove());
  }
  for (const range of roots) render(island(range), container(range));
}

/** What the server rendered for an island's JSX prop. */
function SlotContent({ of, id }: { of: Map<number, ComponentChildren>; id: number }): ComponentChildren {
  return of.get(id);
}

/** Finds the ranges below a node, and answers the islands that are in no other range. */
function findRanges(root: Node, into: Map<Node, Range>): Range[] {
  const roots: Range[] = [];
  const open: Range[] = [];
  const comments = document.createTreeWalker(root, NodeFilter.SHOW_COMMENT);
  for (const comment of [...nodesOf(comments)]) {
    const [tag, kind = "", id, props, key = ""] = comment.data.split(":");
    if (tag === "frsh") {
      const range = { kind, id: Number(id), props: Number(props), key, start: new Text(), end: new Text() };
      comment.replaceWith(range.start);
      into.set(range.start, range);
      if (open.length === 0) roots.push(range);
      open.push(range);
    } else if (tag === "/frsh") {
      const range = open.pop();
      if (range) comment.replaceWith(range.end);
    }
  }
  return roots.filter(({ kind, start, end }) => kind === "island" && start.parentNode === end.parentNode);
}

function* nodesOf(walker: TreeWalker): Generator<Comment> {
  while (walker.nextNode()) yield walker.currentNode as Comment;
}

/** Turns rendered nodes back into JSX, the islands among them into themselves. */
function toChildren(
  from: Node | null,
  end: Node | null,
  rangeAt: (node: Node) => Range | undefined,
  island: (range: Range) => VNode,
): ComponentChild[] {
  const children: ComponentChild[] = [];
  for (let node = from; node && node !== end; node = node.nextSibling) {
    const range = rangeAt(node);
    if (range) {
      children.push(island(range));
      node = range.end;
    } else if (node instanceof Element) {
      children.push(h(node.localName, propsOf(node), ...toChildren(node.firstChild, null, rangeAt, island)));
    } else if (node instanceof Text) children.push(node.data);
  }
  return children;
}

/** An element's attributes as props; fields keep what was typed since. */
function propsOf(element: Element): Props {
  const props: Props = {};
  for (const { name, value } of element.attributes) {
    const live = (element as Element & Props)[name];
    if (!name.startsWith("on")) props[name] = typeof live === "boolean" || name === "value" ? live : value;
  }
  return props;
}

/** The part of an element between an island's marks, as an element in which Preact may render. */
function container({ start, end }: Range): ContainerNode {
  const parent = start.parentNode as Element;
  const nodes = () => {
    const found: Node[] = [];
    for (let node = start.nextSibling; node && node !== end; node = node.nextSibling) found.push(node);
    return found;
  };
  return {
    nodeType: 1,
    parentNode: parent,
    get firstChild() {
      return nodes()[0] ?? null;
    },
    get childNodes() {
      return nodes();
    },
    contains: (node) => parent.contains(node as Node),
    insertBefore: (node, before) => parent.insertBefore(node as Node, before as Node ?? end),
    appendChild: (node) => parent.insertBefore(node as Node, end),
    removeChild: (node) => parent.removeChild(node as Node),
  };
}

const whenMade = options.vnode;
options.vnode = (vnode) => {
  decorate(vnode, location);
  whenMade?.(vnode);
};
