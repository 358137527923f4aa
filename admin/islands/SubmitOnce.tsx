import { useEffect } from "preact/hooks";

/** Longer than most answers take: who then presses again means it. */
const BUSY_MS = 10_000;

/** Lets a form that posts go out once until its answer comes: a second click would do it all again. Shows nothing. */
export function SubmitOnce() {
  useEffect(() => {
    const busy = () => [...document.querySelectorAll<HTMLFormElement>("form[aria-busy]")];
    const free = (form: HTMLFormElement) => form.removeAttribute("aria-busy");
    const onSubmit = (event: SubmitEvent) => {
      const form = event.target;
      if (event.defaultPrevented || !(form instanceof HTMLFormElement) || form.method !== "post") return;
      if (form.hasAttribute("aria-busy")) return event.preventDefault();
      // The answer to a download leaves the page as it is.
      if (event.submitter?.hasAttribute("data-download")) return;
      form.setAttribute("aria-busy", "true");
      setTimeout(() => free(form), BUSY_MS);
    };
    // Back on the page, or never left it: unsaved changes were to be kept.
    const onReturn = () => busy().forEach(free);
    const onLeave = (event: BeforeUnloadEvent) => void setTimeout(() => event.defaultPrevented && onReturn());
    document.addEventListener("submit", onSubmit);
    globalThis.addEventListener("pageshow", onReturn);
    globalThis.addEventListener("beforeunload", onLeave);
    return () => {
      document.removeEventListener("submit", onSubmit);
      globalThis.removeEventListener("pageshow", onReturn);
      globalThis.removeEventListener("beforeunload", onLeave);
    };
  }, []);
  return null;
}
