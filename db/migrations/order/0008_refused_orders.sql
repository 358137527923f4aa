-- An order that is refused while it is placed is deleted, and each of these foreign keys looks then for what names it.
create index shipment_items_order_item_idx on shipment_items (order_item_id);
create index recorded_refunds_order_idx on recorded_refunds (order_id);
