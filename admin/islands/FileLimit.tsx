import { useEffect, useRef } from "preact/hooks";

/** Has the file field before it refuse more than so many bytes in all: sent, they would take what was typed with them. */
export function FileLimit({ max, says }: { max: number; says: string }) {
  const place = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    const field = place.current?.parentElement?.querySelector<HTMLInputElement>("input[type=file]");
    if (!field) return;
    const check = () => {
      const size = [...field.files ?? []].reduce((sum, file) => sum + file.size, 0);
      field.setCustomValidity(size > max ? says : "");
      field.reportValidity();
    };
    field.addEventListener("change", check);
    return () => field.removeEventListener("change", check);
  }, []);
  return <span ref={place} hidden />;
}
