import { useEffect, useRef, useState } from "preact/hooks";

interface Props {
  /** The id of the form that the rows' boxes belong to. */
  form: string;
  label: string;
}

/** A box that ticks those of all rows. Without scripts there is none. */
export function ChooseAll({ form, label }: Props) {
  const [shown, show] = useState(false);
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => {
    show(true);
    const follow = () => {
      const boxes = boxesOf(form);
      const count = boxes.filter(({ checked }) => checked).length;
      if (!box.current) return;
      box.current.checked = count > 0 && count === boxes.length;
      box.current.indeterminate = count > 0 && count < boxes.length;
    };
    document.addEventListener("change", follow);
    return () => document.removeEventListener("change", follow);
  }, [form]);
  if (!shown) return null;
  const choose = (event: Event) => {
    const { checked } = event.currentTarget as HTMLInputElement;
    for (const one of boxesOf(form)) one.checked = checked;
  };
  return <input type="checkbox" ref={box} aria-label={label} onChange={choose} />;
}

function boxesOf(form: string): HTMLInputElement[] {
  return [...document.querySelectorAll<HTMLInputElement>(`input[name="ids"][form="${form}"]`)];
}
