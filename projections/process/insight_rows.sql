-- What there is to learn from how runs went: one row per run. An entry of an array belongs to those in the same place
-- of the arrays with the same first word; a time that is not known is null.

-- name: tables
create table run_insight (
  run uuid primary key,
  process text not null check (length(process) <= 250),
  process_version int not null,
  state text not null,
  started_at timestamptz,
  ended_at timestamptz,
  target_at timestamptz,
  target_reached_at timestamptz,
  rounds_max int not null,
  visit_steps text[] not null,
  visit_waits double precision[] not null,
  visit_works double precision[] not null,
  visit_cycles double precision[] not null,
  visit_late boolean[] not null,
  visit_again boolean[] not null,
  end_steps text[] not null,
  ends text[] not null,
  open_since timestamptz[] not null,
  judged_steps text[] not null,
  judged_first text[] not null,
  judged_refusals int[] not null,
  loop_sources text[] not null,
  loop_targets text[] not null,
  loop_counts int[] not null,
  odd_steps text[] not null,
  odd_kinds text[] not null,
  odd_counts int[] not null
);

-- name: indexes
create index run_insight_of_process on run_insight (process, process_version);
