-- Migrations of many runs: what was asked for, and how far each run is. What a migration does is in the log.

set local search_path = log;

create table migration_job (
  id uuid primary key,
  process text not null,
  to_version int not null,
  choices jsonb not null,
  reason text,
  actor text not null,
  asked_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz
);
comment on table migration_job is 'Migrations of many runs of a process to one of its versions, as they were asked for.';

create table migration_item (
  job uuid not null references migration_job,
  run uuid not null,
  place int not null,
  state text not null check (state in ('waiting', 'migrated', 'refused', 'failed')),
  choices jsonb,
  code text,
  detail text,
  tries int not null default 0,
  announced text[] not null default '{}',
  changed_at timestamptz not null default clock_timestamp(),
  primary key (job, run)
);
create index migration_item_waiting on migration_item (job, place) where state = 'waiting';
comment on table migration_item is 'The runs of a migration, one by one, with why one was refused.';
