import { useEffect } from "preact/hooks";

/** Asks before the page is left with changes in its main form. Shows nothing. */
export function UnsavedGuard({ changed: already = false }: { changed?: boolean }) {
  useEffect(() => {
    const form = document.querySelector("form[data-main]");
    if (!form) return;
    let changed = already;
    const note = () => changed = true;
    const forget = () => changed = false;
    const ask = (event: BeforeUnloadEvent) => {
      if (changed) event.preventDefault();
    };
    form.addEventListener("input", note);
    document.addEventListener("submit", forget);
    globalThis.addEventListener("beforeunload", ask);
    return () => {
      form.removeEventListener("input", note);
      document.removeEventListener("submit", forget);
      globalThis.removeEventListener("beforeunload", ask);
    };
  }, []);
  return null;
}
