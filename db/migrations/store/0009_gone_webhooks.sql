-- A webhook that is deleted is gone at once, however long its log is: a job deletes the deliveries after it. Whoever adds
-- one holds a lock on its webhook; one that a service of the release before leaves behind is reaped with its event.
alter table webhook_deliveries drop constraint webhook_deliveries_endpoint_id_fkey;
