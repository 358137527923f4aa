-- To find the events about a person and the person's orders, and to take the person out of what webhooks answered.

create index events_about_idx on events ((data ->> 'id'));
create index events_about_order_idx on events ((data #>> '{payment,order_id}')) where data ? 'payment';

-- The log of attempts is append-only for the service. An endpoint may have answered with what it was sent, so its words
-- go with the person, by this alone.
create function erase_answers(ids uuid[]) returns void language sql security definer set search_path from current as $$
  update webhook_attempts set response_start = ''
  where response_start <> '' and delivery_id in (select id from webhook_deliveries where event_id = any(ids))
$$;
