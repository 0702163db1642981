-- What the timer has still to do: one row per alarm (or due) of an open step of a running run, one per such run.

-- name: tables
create table alarm (
  run uuid not null,
  step text not null check (length(step) <= 250),
  alarm text not null check (length(alarm) <= 250),
  place int not null,
  round int not null,
  at timestamptz not null,
  assignee text,
  due_moves int not null,
  primary key (run, step, alarm)
);
create table alarm_run (
  run uuid primary key,
  version int not null,
  process text not null,
  process_version int not null,
  imported boolean not null
);

-- name: indexes
create index alarm_in_order on alarm (at, run, place, step, alarm);
