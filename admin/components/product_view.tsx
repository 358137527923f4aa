import { number } from "../format.ts";
import { texts } from "../texts.ts";
import type { Product } from "../types.ts";
import { Picture } from "./product_images.tsx";
import { Table } from "./table.tsx";
import { Card, Facts, Money, Time } from "./ui.tsx";

const t = texts.products;

/** A product for those who may only look. */
export function ProductView({ product, locale }: { product: Product; locale: string }) {
  return (
    <div class="stack">
      <Card title={t.details}>
        <p class="wrap">{product.description || texts.table.none}</p>
      </Card>
      {product.images.length > 0 && (
        <Card title={t.images}>
          <ul class="images">
            {product.images.map(({ url, alt }) => (
              <li key={url}>
                <Picture url={url} alt={alt} />
              </li>
            ))}
          </ul>
        </Card>
      )}
      <Card title={t.variants}>
        <Table
          label={t.variants}
          rows={product.variants}
          columns={[
            { title: t.sku, cell: ({ sku }) => sku },
            { title: t.variantName, cell: ({ name }) => name },
            { title: t.price, numeric: true, cell: ({ price }) => <Money value={price} locale={locale} /> },
            { title: t.available, numeric: true, cell: ({ available }) => number(available, locale) },
          ]}
        />
      </Card>
    </div>
  );
}

/** What is known of a product beside what one can change. */
export function ProductFacts({ product, locale }: { product: Product; locale: string }) {
  return (
    <Facts
      facts={[
        [t.available, number(product.variants.reduce((sum, { available }) => sum + available, 0), locale)],
        [t.createTime, <Time key="created" time={product.create_time} locale={locale} full />],
        [t.updated, <Time key="updated" time={product.update_time} locale={locale} />],
        [t.version, product.version],
      ]}
    />
  );
}
