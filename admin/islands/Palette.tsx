import { useEffect, useRef, useState } from "preact/hooks";

interface Hit {
  kind: string;
  text: string;
  detail?: string;
  href: string;
}

/** What was found, and what had been typed for it. */
interface Found {
  of: string;
  hits: Hit[];
}

const WAIT_MS = 150;

/** Searches while one types, opened by Ctrl-K or `/`. Without it the search box leads to the same results. */
export default function Palette({ label }: { label: string }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [q, setQ] = useState("");
  const [{ of, hits }, setFound] = useState<Found>({ of: "", hits: [] });
  const [at, setAt] = useState(0);

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLElement && event.target.closest("input, textarea, select");
      const wanted = (event.key === "k" && (event.ctrlKey || event.metaKey)) || (event.key === "/" && !typing);
      if (!wanted || dialog.current?.open) return;
      event.preventDefault();
      dialog.current?.showModal();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);

  useEffect(() => {
    setAt(0);
    const of = q.trim();
    if (of.length < 2) return setFound({ of, hits: [] });
    const stop = new AbortController();
    const timer = setTimeout(async () => {
      const url = `/search?format=json&q=${encodeURIComponent(of)}`;
      const response = await fetch(url, { signal: stop.signal }).catch(() => undefined);
      // Who is no longer signed in gets the page for that.
      const found = response?.ok && response.headers.get("Content-Type")?.includes("json");
      if (found) setFound({ of, hits: await response.json() as Hit[] });
    }, WAIT_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [q]);

  const move = (event: KeyboardEvent) => {
    // In a search field Escape would only empty it.
    if (event.key === "Escape") dialog.current?.close();
    else if (event.key === "ArrowDown") setAt(Math.max(0, Math.min(at + 1, hits.length - 1)));
    else if (event.key === "ArrowUp") setAt(Math.max(at - 1, 0));
    else if (event.key === "Enter") {
      // What is shown may still be of what was typed before.
      const hit = of === q.trim() ? hits[at] : undefined;
      location.href = hit?.href ?? `/search?q=${encodeURIComponent(q)}`;
    } else return;
    event.preventDefault();
  };

  return (
    <dialog
      ref={dialog}
      class="palette"
      aria-label={label}
      onClose={() => setQ("")}
      onClick={(event) => event.target === event.currentTarget && event.currentTarget.close()}
    >
      <input
        type="search"
        role="combobox"
        aria-label={label}
        aria-expanded={hits.length > 0}
        aria-controls="palette-hits"
        aria-activedescendant={hits[at] ? `hit-${at}` : undefined}
        placeholder={label}
        value={q}
        onInput={(event) => setQ(event.currentTarget.value)}
        onKeyDown={move}
      />
      <ul id="palette-hits" role="listbox" aria-label={label}>
        {hits.map(({ kind, text, detail, href }, index) => (
          <li key={href} id={`hit-${index}`} role="option" aria-selected={index === at}>
            <a href={href} tabIndex={-1}>
              <span>{text}</span>
              <span class="muted">{detail} · {kind}</span>
            </a>
          </li>
        ))}
      </ul>
    </dialog>
  );
}
