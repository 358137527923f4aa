import {
  type ComponentChildren,
  type ComponentType,
  createContext,
  isValidElement,
  type Key,
  type VNode,
} from "preact";
import { jsxTemplate } from "preact/jsx-runtime";
import { useContext } from "preact/hooks";
import { Signal } from "@preact/signals";
import { plain, rendering, Slot } from "./rendering.ts";
import type { Island } from "./snapshot.ts";

/** Within an island all components go to the browser: only the outermost is marked. */
const InIsland = createContext(false);

interface BoundaryProps {
  island: Island;
  component: ComponentType;
  props: Record<string, unknown>;
  id: Key;
}

/** Renders an island between comments that name it, and keeps its props for the browser. JSX among them becomes slots. */
export function IslandBoundary({ island, component, props, id }: BoundaryProps): ComponentChildren {
  const state = rendering();
  if (useContext(InIsland) || !state) return plain(component, props);
  const shown = { ...props };
  const sent = { ...props };
  for (const [name, value] of Object.entries(props)) {
    if (!isSlot(name, value)) continue;
    const slot = sent[name] = new Slot(state.slots.length, value);
    state.slots.push(slot);
    shown[name] = <SlotContent slot={slot} />;
  }
  const index = state.islandProps.push(sent) - 1;
  const mark = `island:${state.indexOf(island)}:${index}:${encodeURIComponent(id ?? "")}`;
  return between(mark, <InIsland.Provider value>{plain(component, shown)}</InIsland.Provider>);
}

function isSlot(name: string, value: unknown): value is VNode | VNode[] {
  if (name !== "children") return isValidElement(value) && !(value instanceof Signal);
  return value !== null && value !== undefined && typeof value !== "function";
}

function SlotContent({ slot }: { slot: Slot }): VNode {
  slot.rendered = true;
  return between(`slot:${slot.id}`, <InIsland.Provider value={false}>{slot.content}</InIsland.Provider>);
}

function between(mark: string, content: VNode): VNode {
  return <>{jsxTemplate([`<!--frsh:${mark}-->`])}{content}{jsxTemplate(["<!--/frsh-->"])}</>;
}

/** The slots that no island rendered, hidden, so that the browser has them when the island does. */
export function PendingSlots(): ComponentChildren {
  const slot = rendering()?.slots.find((candidate) => !candidate.rendered);
  if (!slot) return null;
  slot.rendered = true;
  return (
    <>
      <template id={`frsh-slot-${slot.id}`}>
        <InIsland.Provider value={false}>{slot.content}</InIsland.Provider>
      </template>
      <PendingSlots />
    </>
  );
}
