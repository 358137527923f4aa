-- By which a guest's carts go when the guest does: the indexes by guest are of the open and of the ordered ones only, and
-- the foreign key's own statement names neither, so it read all carts for each guest.
create index carts_guest_idx on carts (guest_hash) where guest_hash is not null;
