import { computed, Signal } from "@preact/signals";
import { stringify } from "devalue";
import { Slot } from "./rendering.ts";

const COMPUTED = Object.getPrototypeOf(computed(() => undefined));

/**
 * Writes islands' props as devalue does: dates, sets, bigints and shared references survive, signals too, with their
 * values; class instances become plain objects. Throws on functions. client.ts reads it back.
 */
export function stringifyProps(props: readonly object[]): string {
  return stringify(props, {
    Slot: (value) => value instanceof Slot && [value.id],
    Computed: (value) => value instanceof Signal && Object.getPrototypeOf(value) === COMPUTED && [value.peek()],
    Signal: (value) => value instanceof Signal && [value.peek()],
    Plain: (value) => isObject(value) && isInstance(value) && { ...value },
  });
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Whether it is of a class of the app's own. */
function isInstance(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return false;
  return Object.prototype.toString.call(value) === "[object Object]";
}
