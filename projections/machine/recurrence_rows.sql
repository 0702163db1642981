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
