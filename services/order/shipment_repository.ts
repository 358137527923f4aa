import type { Shipment } from "../../proto/gen/nano/order/v1/order.ts";
import { orElse, type Pool, type Tx } from "../shared/postgres.ts";
import { overShipment } from "./shipment.ts";

/** The statements on what of an order was sent. */
export function createShipmentRepository(pool: Pool) {
  return {
    /** Writes a parcel. Throws `over_shipment`. */
    async insertShipment(tx: Tx, shipment: Omit<Shipment, "create_time">): Promise<Date> {
      const { rows: [row] } = await orElse(
        tx.query<{ create_time: Date }>({
          name: "order.insert_shipment",
          text: `with parcel as (
                   insert into shipments (id, order_id, carrier, tracking_number, tracking_url)
                   values ($1, $2, $3, $4, $5) returning create_time
                 ), contents as (
                   insert into shipment_items (shipment_id, order_item_id, quantity)
                   select $1, line.id, line.quantity from unnest($6::uuid[], $7::int[]) as line (id, quantity)
                 ), sent as (
                   update order_items set shipped = shipped + line.quantity
                   from unnest($6::uuid[], $7::int[]) as line (id, quantity)
                   where order_items.order_id = $2 and order_items.id = line.id
                 )
                 select create_time from parcel`,
          values: [
            shipment.id,
            shipment.order_id,
            shipment.carrier,
            shipment.tracking_number,
            shipment.tracking_url ?? null,
            shipment.items.map(({ id }) => id),
            shipment.items.map(({ quantity }) => quantity),
          ],
        }),
        { over_shipment: overShipment },
      );
      if (!row) throw new Error("Cannot write a shipment as the statement must answer.");
      return row.create_time;
    },

    async listShipments(order_id: string): Promise<Shipment[]> {
      const { rows } = await pool.query<Omit<Shipment, "tracking_url"> & { tracking_url: string | null }>({
        name: "order.list_shipments",
        text: `select s.id, s.order_id, s.carrier, s.tracking_number, s.tracking_url, s.create_time,
                 (select json_agg(json_build_object('id', i.order_item_id, 'quantity', i.quantity) order by l.position)
                   from shipment_items i join order_items l on l.id = i.order_item_id where i.shipment_id = s.id) as items
               from shipments s where s.order_id = $1 order by s.create_time, s.id`,
        values: [order_id],
      });
      return rows.map(({ tracking_url, ...shipment }) => ({ ...shipment, ...(tracking_url ? { tracking_url } : {}) }));
    },
  };
}
