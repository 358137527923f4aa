-- Each checkout writes its payment twice and a ledger transaction once: their triggers do the same as before for less.

-- As audit('token', 'guest_hash', 'cancel_reason', '-update_time', '-asked_time'), for payments alone: what differs from
-- table to table is written down here, instead of being worked out for each row.
create function audit_payment() returns trigger language plpgsql security definer set search_path from current as $$
declare
  derived constant text[] := '{update_time,asked_time}';
  personal constant jsonb := '{"token": "changed", "guest_hash": "changed", "cancel_reason": "changed"}';
  payment payments := coalesce(new, old);
  was jsonb;
  becomes jsonb;
begin
  if tg_op <> 'INSERT' then was := to_jsonb(old) - derived; end if;
  if tg_op <> 'DELETE' then becomes := to_jsonb(new) - derived; end if;
  if tg_op = 'UPDATE' then
    select jsonb_object_agg(o.key, coalesce(personal -> o.key, o.value)),
        jsonb_object_agg(o.key, coalesce(personal -> o.key, becomes -> o.key))
      into was, becomes from jsonb_each(was) o where o.value is distinct from becomes -> o.key;
    if becomes is null then return null; end if;
  else
    was := was || personal;
    becomes := becomes || personal;
  end if;
  insert into audit_log (actor, request_id, table_name, row_id, action, before, after, store_id, network)
  values (
    coalesce(nullif(current_setting('nano.actor', true), ''), 'owner'),
    coalesce(current_setting('nano.request_id', true), ''),
    tg_table_name, payment.id, lower(tg_op), was, becomes, payment.store_id,
    coalesce(current_setting('nano.network', true), '')
  );
  return null;
end $$;

drop trigger audit on payments;
create trigger audit after insert or update or delete on payments for each row execute function audit_payment();

-- As before, by one query: no posting at all gives null.
create or replace function ledger_is_balanced() returns trigger language plpgsql set search_path from current as $$
declare
  checked uuid;
begin
  if tg_table_name = 'ledger_transactions' then checked := new.id; else checked := new.transaction_id; end if;
  if (
    select bool_and(amount = 0) from (
      select sum(amount) as amount from ledger_postings where transaction_id = checked group by currency
    ) sums
  ) is not true then
    raise exception 'ledger transaction % does not sum to zero', checked
      using errcode = 'check_violation', constraint = 'ledger_balanced', table = tg_table_name;
  end if;
  return null;
end $$;
