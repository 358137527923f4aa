-- What the units of a refund are of their line's total, in minor units: what is left for the others follows from it, also
-- after a refund has failed. Null in rows of releases before; the rest of a payment may name units whose money went back
-- by amount, so these need not add up to the refund.
alter table refund_lines add column amount bigint constraint refund_lines_amount_check check (amount >= 0);
