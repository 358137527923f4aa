import { useState } from "preact/hooks";

interface Line {
  id: string;
  name: string;
  quantity: number;
  /** How many of them went back already. */
  returned: number;
  total: number;
}

interface Props {
  /** What can still go back, in minor units. */
  left: number;
  lines: Line[];
  currency: string;
  /** How many decimals the currency has. */
  digits: number;
  locale: string;
  /** What had been typed, if the form comes back. */
  values: Record<string, string>;
  /** What was wrong with it, by field. */
  faults: Record<string, string>;
  texts: Record<
    "whole" | "part" | "lines" | "how" | "amount" | "restock" | "reason" | "submit" | "says" | "of" | "optional",
    string
  >;
}

type How = "whole" | "part" | "lines";

/** The fields of a refund: whole, an amount, or by line. In the browser the button says what it will give back. */
export default function RefundForm({ left, lines, currency, digits, locale, values, faults, texts }: Props) {
  const [how, setHow] = useState<How>((values.how as How) ?? "whole");
  const [amount, setAmount] = useState(values.amount ?? "");
  const [quantities, setQuantities] = useState<Record<string, string>>(
    Object.fromEntries(lines.map(({ id }) => [id, values[`quantity.${id}`] ?? "0"])),
  );
  const format = new Intl.NumberFormat(locale, { style: "currency", currency, minimumFractionDigits: digits });
  const show = (minor: number) => format.format(minor / 10 ** digits);
  const share = ({ quantity, total }: Line, units: number) => Math.round(total * units / quantity);
  const byLines = lines.reduce((sum, line) => {
    const units = line.returned + (Number(quantities[line.id]) || 0);
    return sum + share(line, units) - share(line, line.returned);
  }, 0);
  // A mark before three digits may be either: then the button names no sum rather than a wrong one.
  const [plain, units = "", fraction = ""] = /^(\d+)(?:[.,](\d{1,2}))?$/.exec(amount.trim()) ?? [];
  const typed = plain && fraction.length <= digits ? Number(units + fraction.padEnd(digits, "0")) : undefined;
  const total = how === "whole" ? left : how === "part" ? typed : byLines;
  /** What is not chosen is emptied: what stays typed would contradict what is. */
  const choose = (value: How) => {
    setHow(value);
    if (value !== "part") setAmount("");
    if (value !== "lines") setQuantities({});
  };
  const choice = (value: How, text: string) => (
    <label class="checkbox">
      <input type="radio" name="how" value={value} checked={how === value} onChange={() => choose(value)} />
      {text}
    </label>
  );
  return (
    <>
      <fieldset id="f-how">
        <legend>{texts.how}</legend>
        {faults.how && <p class="field-error">{faults.how}</p>}
        {choice("whole", `${texts.whole} (${show(left)})`)}
        {choice("part", texts.part)}
        <input
          id="f-amount"
          name="amount"
          inputMode="decimal"
          aria-label={texts.amount}
          placeholder={texts.amount}
          value={amount}
          {...(faults.amount ? { "aria-invalid": "true", "aria-describedby": "f-amount-error" } : {})}
          onInput={(event) => {
            choose("part");
            setAmount(event.currentTarget.value);
          }}
        />
        {faults.amount && <p class="field-error" id="f-amount-error">{faults.amount}</p>}
        {lines.length > 0 && choice("lines", texts.lines)}
        {lines.map(({ id, name, quantity, returned }) => (
          <label key={id} class="line-choice">
            <input
              class="quantity"
              type="number"
              name={`quantity.${id}`}
              min={0}
              max={quantity - returned}
              value={quantities[id] ?? "0"}
              onInput={(event) => {
                choose("lines");
                setQuantities({ ...quantities, [id]: event.currentTarget.value });
              }}
            />
            <span>{`${texts.of} ${quantity - returned} ${name}`}</span>
          </label>
        ))}
      </fieldset>
      <label class="checkbox">
        <input type="checkbox" name="restock" value="yes" checked={values.restock === "yes"} />
        {texts.restock}
      </label>
      <div class="field">
        <label for="refund-reason">{`${texts.reason} (${texts.optional})`}</label>
        <input id="refund-reason" name="reason" maxLength={500} value={values.reason ?? ""} />
      </div>
      <p class="hint">{texts.says}</p>
      <button type="submit" class="button danger-solid">
        {texts.submit} <output>{total === undefined ? "" : show(total)}</output>
      </button>
    </>
  );
}
