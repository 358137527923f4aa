import { useEffect } from "preact/hooks";

/** Asks before the page is left with changes in its main form. Shows nothing. */
export function UnsavedGuard({ changed: already = false }: { changed?: boolean }) {
  useEffect(() => {
    const form = document.querySelector<HTMLFormElement>("form[data-main]");
    if (!form) return;
    let changed = already;
    // Fields may stand outside of their form, and other forms on the page save nothing of this one.
    const note = ({ target }: Event) => {
      if (target instanceof Element && "form" in target && target.form === form) changed = true;
    };
    const forget = ({ target }: Event) => {
      if (target === form) changed = false;
    };
    const ask = (event: BeforeUnloadEvent) => {
      if (changed) event.preventDefault();
    };
    document.addEventListener("input", note);
    document.addEventListener("submit", forget);
    globalThis.addEventListener("beforeunload", ask);
    return () => {
      document.removeEventListener("input", note);
      document.removeEventListener("submit", forget);
      globalThis.removeEventListener("beforeunload", ask);
    };
  }, []);
  return null;
}
