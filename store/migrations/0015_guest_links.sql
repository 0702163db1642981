-- Which links of guests were opened, when, and by a code of which mail they act.

set local search_path = log;

create table guest_link (
  id text primary key check (id ~ '^[0-9a-f]{16}$'),
  run uuid not null,
  step text not null,
  round int not null,
  role text not null,
  holder bytea not null,
  expires_at timestamptz not null,
  opened_at timestamptz,
  seen_at timestamptz,
  code_action text,
  code_tries int not null default 0
);
create index guest_link_of_run on guest_link (run);
comment on table guest_link is 'Links of guests that somebody opened; id: part of the hash of the link, which is not kept. code_action: the mail of whose code the tries are counted.';
