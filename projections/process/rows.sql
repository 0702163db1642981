-- How runs really went: one row per run with everything that is costly to work out, and the processes themselves.

-- name: tables
create table run_stats (
  run uuid primary key,
  process text not null check (length(process) <= 250),
  process_version int not null,
  state text not null,
  outcome text,
  started_at timestamptz not null,
  ended_at timestamptz,
  events int not null,
  first_at timestamptz,
  last_at timestamptz,
  first_step text,
  last_step text,
  variant text,
  handovers int not null,
  rework boolean not null,
  without_actor int not null,
  same_time int not null,
  weekend int not null,
  actors text[] not null,
  minutes bigint[] not null,
  edge_sources text[] not null,
  edge_targets text[] not null,
  edge_counts int[] not null,
  count_steps text[] not null,
  count_transitions text[] not null,
  counts int[] not null,
  wait_steps text[] not null,
  wait_seconds double precision[] not null,
  work_steps text[] not null,
  work_seconds double precision[] not null,
  loose_steps text[] not null,
  loose_kinds text[] not null,
  stage_keys text[] not null,
  stage_seconds double precision[] not null
);
create table process (
  stream uuid primary key,
  key text not null check (length(key) <= 250),
  title text not null,
  owner text not null,
  state text not null,
  draft jsonb,
  version int not null
);
create table process_version (
  stream uuid not null,
  process_version int not null,
  key text not null check (length(key) <= 250),
  title text not null,
  note text not null,
  published_at timestamptz not null,
  published_by text,
  document jsonb not null,
  primary key (stream, process_version)
);

-- name: indexes
create index run_stats_of_process on run_stats (process, process_version);
create unique index process_key on process (key);
create index process_version_key on process_version (key, process_version);
