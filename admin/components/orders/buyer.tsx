import { texts } from "../../texts.ts";
import type { Address, Order } from "../../types.ts";
import { Card } from "../ui.tsx";

/** Who bought, with a link to all that this customer ordered. */
export function Buyer({ order, linked }: { order: Order; linked: boolean }) {
  return (
    <Card title={texts.orders.customer}>
      <p>
        {order.user_id && linked
          ? <a href={`/customers/${order.user_id}`}>{order.shipping_address.name}</a>
          : order.shipping_address.name}
        {!order.user_id && <span class="muted">{` (${texts.orders.guest})`}</span>}
      </p>
      <p>
        <a href={`mailto:${encodeURIComponent(order.email)}`}>{order.email}</a>
      </p>
      {order.note && (
        <>
          <hr />
          <h3>{texts.orders.buyersNote}</h3>
          <p class="wrap">{order.note}</p>
        </>
      )}
    </Card>
  );
}

/** Where it goes, and who is billed. */
export function Addresses({ order: { shipping_address, billing_address } }: { order: Order }) {
  return (
    <Card title={texts.orders.shipTo}>
      <Lines address={shipping_address} />
      {billing_address && (
        <>
          <hr />
          <h3>{texts.orders.billTo}</h3>
          <Lines address={billing_address} />
        </>
      )}
    </Card>
  );
}

/** An address, a line each. */
export function Lines({ address }: { address: Address }) {
  const { name, company, line1, line2, postal_code, city, region, country, phone } = address;
  const lines = [name, company, line1, line2, [postal_code, city, region].filter(Boolean).join(" "), country, phone];
  return <address>{lines.filter(Boolean).map((line, index) => <div key={index}>{line}</div>)}</address>;
}
