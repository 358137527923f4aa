import { useEffect, useRef, useState } from "preact/hooks";

const LINES = "application/x-ndjson";

/** Shows how far an import is, from the lines that the console answers; then sends the form with their report. */
export function ImportProgress({ label }: { label: string }) {
  const place = useRef<HTMLDivElement>(null);
  const [progress, tell] = useState<{ done: number; total: number }>();
  useEffect(() => {
    const form = place.current?.closest("form");
    if (!form) return;
    let running = false;
    const onSubmit = async (event: SubmitEvent) => {
      if (running) return event.preventDefault();
      const act = event.submitter instanceof HTMLButtonElement ? event.submitter.value : "preview";
      if (act === "edit") return;
      event.preventDefault();
      running = true;
      tell({ done: 0, total: 1 });
      const body = new FormData(form);
      body.set("act", act);
      const report = await follow(form, body, tell);
      send(form, { act, ...(report ? { report } : {}) });
    };
    // Back on the page by the browser's button.
    const onReturn = () => {
      running = false;
      tell(undefined);
    };
    form.addEventListener("submit", onSubmit);
    globalThis.addEventListener("pageshow", onReturn);
    return () => {
      form.removeEventListener("submit", onSubmit);
      globalThis.removeEventListener("pageshow", onReturn);
    };
  }, []);
  return (
    <div ref={place} role="status" class="progress">
      {progress && (
        <label>
          {label}
          <progress value={progress.done} max={progress.total} />
        </label>
      )}
    </div>
  );
}

/** Reads the lines to their end; gives the report, or nothing where there is none, and the form goes without. */
async function follow(
  form: HTMLFormElement,
  body: FormData,
  tell: (progress: { done: number; total: number }) => void,
): Promise<string | undefined> {
  try {
    const response = await fetch(form.action, { method: "POST", body, headers: { Accept: LINES } });
    if (!response.ok || !response.headers.get("Content-Type")?.startsWith(LINES)) return undefined;
    let text = "";
    for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const lines = (text + piece).split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) {
        const { done, total, report } = JSON.parse(line);
        if (report) return JSON.stringify(report);
        if (total) tell({ done, total });
      }
    }
  } catch {
    // The form itself will say what is wrong.
  }
  return undefined;
}

/** Sends the form as the browser would, with more fields that it does not keep; its listeners are not asked again. */
function send(form: HTMLFormElement, fields: Record<string, string>): void {
  const more = Object.entries(fields).map(([name, value]) =>
    Object.assign(document.createElement("input"), { type: "hidden", name, value })
  );
  form.append(...more);
  form.submit();
  for (const field of more) field.remove();
}
