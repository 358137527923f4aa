-- To find a person's payments.

create index payments_by_person on payments (user_id) where user_id is not null;
