-- For the hourly reaping of what has expired or ended: without it, the index of the one was of no use, and all was read.
create index sessions_end_idx on sessions (end_time) where end_time is not null;
