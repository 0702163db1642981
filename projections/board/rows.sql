-- The project view: one card per run and per task, and the projects themselves. No step-level field, no value.

-- name: tables
create table card (
  -- what is counted over all cards comes first: to reach a column, the database steps over those before it
  card uuid primary key,
  project uuid,
  ended_at timestamptz,
  kind text not null,
  process text check (length(process) <= 250),
  stage text not null check (length(stage) <= 250),
  life text not null check (length(life) <= 250),
  reached text[] not null,
  outcome text,
  name text not null check (length(name) <= 10000),
  state text not null,
  late_at timestamptz,
  blocked_at timestamptz,
  version int not null,
  rank text collate "C",
  priority text not null,
  process_version int,
  stages jsonb,
  progress double precision,
  next_action text,
  who text,
  due_at timestamptz,
  entered_stage_at timestamptz,
  also_in text[] not null,
  help jsonb,
  blocked text,
  comments int not null,
  labels text[] not null,
  checklist_done int not null,
  checklist_total int not null,
  description text not null check (length(description) <= 200000),
  waits_for uuid[] not null,
  started_at timestamptz not null,
  target_at timestamptz,
  target_stage text,
  target_reached_at timestamptz,
  due_on date,
  override jsonb,
  lowered text[] not null,
  progressed_at timestamptz,
  earlier uuid[] not null,
  -- the same for all cards that are counted together, so that a narrow index counts them
  alike bigint not null generated always as (hashtextextended(life, hashtextextended(stage, hashtextextended(kind,
    hashtextextended(coalesce(process, ''), hashtextextended(case when ended_at is null then 'open' else 'ended' end,
    hash_array_extended(reached, 0))))))) stored
);
create table project (
  project uuid primary key,
  name text not null check (length(name) <= 10000),
  state text not null,
  owner text,
  process text,
  stages jsonb not null,
  members jsonb not null,
  opened_at timestamptz not null,
  version int not null
);

-- name: indexes
create index card_of_project on card (project, stage) where ended_at is null;
create index card_ended on card (project, stage, ended_at desc) where ended_at is not null;
create index card_moved on card (project) where earlier <> '{}';
create index card_was_in_project on card using gin (earlier) where earlier <> '{}';
create index card_ended_in_process on card (process, ended_at desc) where kind = 'run' and ended_at is not null;
create index card_alike on card (project, alike, card);
create index card_of_process on card (process, life) where kind = 'run';
create index card_started_in_process on card (process, started_at desc, card desc) where kind = 'run';
create index card_started on card (started_at desc, card desc) where kind = 'run';
create index card_name on card using gin (name public.gin_trgm_ops);
create index card_words on card using gin (to_tsvector('simple', public.search_words(name || ' ' || description)));
