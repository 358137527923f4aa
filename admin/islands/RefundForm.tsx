import { useState } from "preact/hooks";

interface Line {
  id: string;
  name: string;
  quantity: number;
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
  texts: Record<
    "whole" | "part" | "lines" | "how" | "amount" | "restock" | "reason" | "submit" | "says" | "of" | "optional",
    string
  >;
}

type How = "whole" | "part" | "lines";

/** The fields of a refund: whole, an amount, or by line. In the browser the button says what it will give back. */
export default function RefundForm({ left, lines, currency, digits, locale, values, texts }: Props) {
  const [how, setHow] = useState<How>((values.how as How) ?? "whole");
  const [amount, setAmount] = useState(values.amount ?? "");
  const [quantities, setQuantities] = useState<Record<string, string>>(
    Object.fromEntries(lines.map(({ id }) => [id, values[`quantity.${id}`] ?? "0"])),
  );
  const format = new Intl.NumberFormat(locale, { style: "currency", currency, minimumFractionDigits: digits });
  const show = (minor: number) => format.format(minor / 10 ** digits);
  const byLines = lines.reduce(
    (sum, { id, quantity, total }) => sum + Math.round(total * (Number(quantities[id]) || 0) / quantity),
    0,
  );
  const typed = Math.round(Number(amount.replace(/[\s’']/g, "").replace(",", ".")) * 10 ** digits) || 0;
  const total = Math.min(left, how === "whole" ? left : how === "part" ? typed : byLines);
  const choice = (value: How, text: string) => (
    <label class="checkbox">
      <input type="radio" name="how" value={value} checked={how === value} onChange={() => setHow(value)} />
      {text}
    </label>
  );
  return (
    <>
      <fieldset>
        <legend>{texts.how}</legend>
        {choice("whole", `${texts.whole} (${show(left)})`)}
        {choice("part", texts.part)}
        <input
          name="amount"
          inputMode="decimal"
          aria-label={texts.amount}
          placeholder={texts.amount}
          value={amount}
          onInput={(event) => {
            setAmount(event.currentTarget.value);
            setHow("part");
          }}
        />
        {choice("lines", texts.lines)}
        {lines.map(({ id, name, quantity }) => (
          <label key={id} class="line-choice">
            <input
              class="quantity"
              type="number"
              name={`quantity.${id}`}
              min={0}
              max={quantity}
              value={quantities[id]}
              onInput={(event) => {
                setQuantities({ ...quantities, [id]: event.currentTarget.value });
                setHow("lines");
              }}
            />
            <span>{`${texts.of} ${quantity} ${name}`}</span>
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
        {texts.submit} <output>{show(total)}</output>
      </button>
    </>
  );
}
