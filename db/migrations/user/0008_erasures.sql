-- Data that was handed out, and people who were erased. Neither table says anything about a person but the id.

-- Written for the audit log's sake: who took what out.
create table exports (
  id uuid primary key,
  kind text not null check (kind in ('person', 'audit')),
  -- Whose data, for kind 'person'. The user may be erased since, so no foreign key.
  user_id uuid,
  filter jsonb not null default '{}',
  create_time timestamptz(3) not null default now(),
  check ((kind = 'person') = (user_id is not null))
);
create trigger audit after insert on exports for each row execute function audit();

create table erasures (
  -- The user's id.
  id uuid primary key,
  state text not null default 'erasing' check (state in ('erasing', 'erased')),
  -- Whether the e-mail address is known to be the person's: then what a guest did under it is erased, too.
  email_proven boolean not null,
  create_time timestamptz(3) not null default now(),
  done_time timestamptz(3),
  check ((state = 'erased') = (done_time is not null))
);
create trigger audit after insert or update or delete on erasures for each row execute function audit();

-- Both are records: added to, and of an erasure the end is noted.
do $$
begin
  execute format('revoke update, delete on exports from %I', current_database() || '_' || current_schema());
  execute format('revoke delete on erasures from %I', current_database() || '_' || current_schema());
end $$;
