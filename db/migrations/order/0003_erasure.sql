-- To find a person's orders, and to take the person out of them.

create index orders_by_person on orders (user_id) where user_id is not null;
create index orders_by_guest_email on orders (lower(email)) where guest_hash is not null;

-- Notes and history are append-only for the service. Of final orders it may blank what people wrote, by this alone.
create function erase_texts(ids uuid[]) returns void language sql security definer set search_path from current as $$
  with final as (
    select id from orders where id = any(ids) and status in ('completed', 'cancelled', 'expired', 'refunded')
  ), notes as (
    update order_notes set text = '(erased)' where order_id in (select id from final) and text <> '(erased)'
  )
  update order_history set reason = ''
  where order_id in (select id from final) and reason <> '' and actor <> 'system'
$$;
