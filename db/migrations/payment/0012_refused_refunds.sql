-- To count the payments that hold what is the buyer's again: their order is off, and the money is not given back yet.

create index payments_to_give_back on payments (id) where cancel_requested and refunded_amount < captured_amount;

-- Refunds that were first pending and then failed left such payments behind, with nobody at work on them.
select put_job('resolve_payment', json_build_object('payment_id', id), null, interval '1 minute', 25, 'resolve:' || id)
from payments where cancel_requested and refunded_amount + refunding_amount < captured_amount;
