import type { JSX } from "preact";
import { SheetTools } from "../islands/SheetTools.tsx";
import type { ProductValues, VariantRow } from "../products/product_form.ts";
import { texts } from "../texts.ts";

const t = texts.products;
const ID = "variants";

interface Props {
  values: ProductValues;
  errors: Record<string, string>;
  currency: string;
}

/** The variants as a sheet: a line for each, empty ones at the end for new ones. */
export function VariantSheet({ values: { option_names, variants }, errors, currency }: Props) {
  const existing = variants.some(({ id }) => id);
  return (
    <div class="stack">
      <p class="hint">{t.variantsHint}</p>
      <div class="table-wrap sheet" role="region" aria-label={t.sheet} tabIndex={0}>
        <table id={ID}>
          <thead>
            <tr>
              {option_names.map((name, index) => (
                <th key={index} scope="col">
                  <input
                    name="option_name"
                    value={name}
                    aria-label={t.optionName(index + 1)}
                    placeholder={index === 0 ? t.optionHint : t.optionName(index + 1)}
                    maxLength={100}
                  />
                </th>
              ))}
              <th scope="col" class="sku">{t.sku}</th>
              <th scope="col">{t.variantName}</th>
              <th scope="col" class="numeric">{t.price} ({currency})</th>
              <th scope="col" class="numeric">{existing ? t.available : t.firstStock}</th>
              {existing && <th scope="col">{t.remove}</th>}
            </tr>
          </thead>
          <tbody>
            {variants.map((row, index) => (
              <Line key={index} row={row} index={index} errors={errors} existing={existing} />
            ))}
          </tbody>
        </table>
      </div>
      <div class="actions">
        <SheetTools table={ID} label={t.addRow} />
      </div>
    </div>
  );
}

interface LineProps {
  row: VariantRow;
  index: number;
  errors: Record<string, string>;
  existing: boolean;
}

function Line({ row, index, errors, existing }: LineProps) {
  const cell = (name: string, label: string, value: string, more: JSX.IntrinsicElements["input"] = {}) => (
    <Cell
      key={name}
      name={name}
      label={texts.form.line(label, index + 1)}
      value={value}
      error={errors[`${name}.${index}`]}
      id={`f-${name}.${index}`}
      more={more}
    />
  );
  const figure = { inputMode: "decimal", class: "quantity" } as const;
  return (
    <tr>
      {row.options.map((value, option) => (
        <td key={option}>{cell(`variant_option_${option}`, t.optionName(option + 1), value, { maxLength: 200 })}</td>
      ))}
      <td>
        <input type="hidden" name="variant_id" value={row.id} />
        {cell("variant_sku", t.sku, row.sku, { maxLength: 100 })}
      </td>
      <td>{cell("variant_name", t.variantName, row.name, { maxLength: 200, placeholder: t.variantNameHint })}</td>
      <td class="numeric">{cell("variant_price", t.price, row.price, figure)}</td>
      <td class="numeric">
        {row.id
          ? (
            <>
              {row.available}
              <input type="hidden" name="variant_stock" value="" />
            </>
          )
          : cell("variant_stock", t.firstStock, row.stock, { ...figure, inputMode: "numeric" })}
      </td>
      {existing && (
        <td>
          {row.id && (
            <input
              type="checkbox"
              name="variant_remove"
              value={row.id}
              checked={row.removed}
              aria-label={`${t.remove} ${row.sku}`}
            />
          )}
        </td>
      )}
    </tr>
  );
}

interface CellProps {
  name: string;
  label: string;
  value: string;
  id: string;
  error: string | undefined;
  more: JSX.IntrinsicElements["input"];
}

function Cell({ name, label, value, id, error, more }: CellProps) {
  const { ref: _, ...rest } = more;
  const fault = error ? { "aria-invalid": "true" as const, "aria-describedby": `${id}-error` } : {};
  return (
    <>
      <input {...rest} {...fault} type="text" data-cell="" id={id} name={name} value={value} aria-label={label} />
      {error && <span class="field-error" id={`${id}-error`}>{error}</span>}
    </>
  );
}
