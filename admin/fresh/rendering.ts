import { type ComponentType, h, type VNode } from "preact";
import type { Island, Snapshot } from "./snapshot.ts";
import type { ResolvedFreshConfig } from "./types.ts";

/** JSX that an island was given, by its number: rendered here, taken up there. */
export class Slot {
  /** Whether the island rendered it; if not it follows in a `<template>`. */
  rendered = false;
  constructor(readonly id: number, readonly content: VNode | VNode[]) {}
}

/** What comes together while one document is rendered. */
export class Rendering {
  readonly nonce = crypto.randomUUID().replaceAll("-", "");
  /** What `<Head>` holds, by what it may replace. */
  readonly heads = new Map<string, VNode>();
  /** In the order of their first use. */
  readonly islands: Island[] = [];
  readonly islandProps: Record<string, unknown>[] = [];
  readonly slots: Slot[] = [];
  readonly seen = { html: false, head: false, body: false };

  constructor(
    readonly page: { readonly url: URL; readonly config: ResolvedFreshConfig; readonly error: unknown },
    readonly snapshot: Snapshot,
  ) {}

  /** An island's number in this document. */
  indexOf(island: Island): number {
    const index = this.islands.indexOf(island);
    return index < 0 ? this.islands.push(island) - 1 : index;
  }
}

let current: Rendering | null = null;

/** The document being rendered. Rendering is synchronous: there is one at a time, or none. */
export function rendering(): Rendering | null {
  return current;
}

/** Runs a function with a document as the one being rendered. */
export function withRendering<T>(value: Rendering, run: () => T): T {
  current = value;
  try {
    return run();
  } finally {
    current = null;
  }
}

/** The elements to be rendered as they are: those that stand in place of what they were made from. */
export const own = new WeakSet<VNode>();

/** Makes an element that is rendered as it is. */
export function plain(type: string | ComponentType, props: object): VNode {
  const vnode = h(type as ComponentType, props);
  own.add(vnode);
  return vnode;
}
