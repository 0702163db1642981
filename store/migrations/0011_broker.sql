-- What the relay knows its own messages by, and the services that read them.

set local search_path = log;

create table relay (
  id int primary key check (id = 1),
  mark_key text not null,
  unmarked boolean not null default true
);
comment on table relay is 'One row: the key of the marks on our messages. unmarked: messages of a release before the marks count as ours too.';
insert into relay (id, mark_key) values (1, gen_random_uuid()::text || gen_random_uuid()::text);

create table subscriber (
  name text primary key check (name ~ '^[a-z][a-z0-9_]{0,31}$'),
  subjects text[] not null check (cardinality(subjects) > 0),
  from_start boolean not null,
  added_at timestamptz not null default clock_timestamp()
);
comment on table subscriber is 'Services that read our messages, each through the consumer of its name.';
