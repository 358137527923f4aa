-- A user who is erased takes all sessions along; the index by user has only those that have not ended.
create index sessions_of_user_idx on sessions (user_id);
