-- Recurring work: what is made, when next, and what the last times gave.

-- name: tables
create table recurrence (
  recurrence uuid primary key,
  name text not null,
  state text not null,
  cron text not null,
  time_zone text not null,
  catch_up text not null,
  makes text not null,
  project uuid,
  process text,
  template jsonb not null,
  set_up_at timestamptz not null,
  set_up_by text,
  next_at timestamptz,
  last_at timestamptz,
  last_made uuid,
  last_passed_over text,
  made int not null,
  passed_over int not null,
  version int not null
);

-- name: indexes
create index recurrence_next on recurrence (next_at) where next_at is not null;

-- name: list
select recurrence, name, state, cron, time_zone, catch_up, makes, project, process, template, set_up_at, set_up_by, next_at,
  last_at, last_made, last_passed_over, made, passed_over, version, count(*) over ()
from read.recurrence
where (%(project)s::uuid is null or project = %(project)s) and (%(recurrence)s::uuid is null or recurrence = %(recurrence)s)
order by state = 'ended', next_at nulls last, name, recurrence
limit %(limit)s offset %(after)s

-- name: due
select recurrence from read.recurrence where next_at <= %(now)s and recurrence <> all(%(apart)s) order by next_at, recurrence limit 100

-- name: next
select min(next_at) from read.recurrence where recurrence <> all(%(apart)s)
