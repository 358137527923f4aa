import type { Flash as Said } from "../flash.ts";

/** Says what the write before did. */
export function Flash({ text, tone }: Said) {
  return <p class={`flash ${tone}`} role={tone === "bad" ? "alert" : "status"}>{text}</p>;
}
