-- The forecast's own tables: a cache that is made again from the log whenever it is thrown away.

create schema if not exists forecast;
set local search_path = forecast;

create table model (
  process text primary key,
  position bigint not null,
  learnt_at timestamptz not null,
  ended_runs int not null,
  open_runs int not null,
  steps jsonb not null,
  learnt bytea
);
comment on table model is 'What was learnt of a process: durations by step, and boosted trees where runs were imported.';

create table run (
  run uuid primary key,
  process text not null,
  version int not null,
  model_position bigint not null,
  position bigint not null,
  made_at timestamptz not null,
  state text not null check (state in ('on_track', 'at_risk', 'late', 'stalled', 'no_data')),
  reason text not null,
  step text,
  samples int not null,
  p50_at timestamptz,
  p85_at timestamptz,
  probability double precision,
  target_at timestamptz,
  stage text,
  stages jsonb not null,
  levers jsonb not null,
  is_late boolean not null,
  crossings int not null
);
create index run_by_age on run (made_at);
comment on table run is 'The newest forecast of each active run, by the version of its stream and the model it was made from.';

create table kept (
  run uuid not null,
  stage text not null,
  process text not null,
  position bigint not null,
  made_at timestamptz not null,
  p50_at timestamptz not null,
  p85_at timestamptz not null,
  probability double precision,
  target_at timestamptz,
  primary key (run, stage)
);
create index kept_of_process on kept (process);
comment on table kept is 'The first forecast in each stage of a run, kept to be compared with what came.';

create table backtest (
  process text not null,
  way text not null check (way in ('walk', 'split')),
  position bigint not null,
  made_at timestamptz not null,
  scores jsonb not null,
  primary key (process, way)
);
comment on table backtest is 'What the last backtest of a process found.';
