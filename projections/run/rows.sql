-- The process view: one row per run, one per step that something happened to. The only tables that hold values.

-- name: tables
create table run (
  run uuid primary key,
  process text not null check (length(process) <= 250),
  process_version int not null,
  name text not null,
  subject text,
  state text not null,
  inputs jsonb not null,
  roles jsonb not null,
  project uuid,
  priority text not null,
  target_at timestamptz,
  test boolean not null,
  started_at timestamptz not null,
  started_by text,
  ended_at timestamptz,
  outcome text,
  reason text,
  comments int not null,
  overridden_stage text,
  overridden_from text,
  version int not null,
  attachments jsonb not null,
  removed text[] not null,
  imported boolean not null
);
create table run_step (
  run uuid not null,
  step text not null check (length(step) <= 250),
  state text not null,
  round int not null,
  assignee text check (length(assignee) <= 250),
  by text,
  ready_at timestamptz,
  started_at timestamptz,
  ended_at timestamptz,
  due_at timestamptz,
  due_source text,
  due_moves int not null,
  outcome text,
  reason text,
  help jsonb,
  questioned boolean not null,
  approvals int not null,
  comments int not null,
  "values" jsonb,
  notes jsonb,
  added_later boolean not null,
  called boolean not null,
  asked_anew boolean not null,
  primary key (run, step)
);

-- name: indexes
create index run_started_by on run using hash (started_by);
create index run_role_holders on run using gin (jsonb_path_query_array(roles, '$.*'));
create index run_of_process on run (process, process_version);
create index run_of_project on run (project) where project is not null;
create index run_words on run using gin (to_tsvector('simple', public.search_words_in(inputs)));
create index run_subject_words on run using gin (to_tsvector('simple', public.search_words(subject))) where subject is not null;
create index run_step_of_assignee on run_step (assignee) where state in ('locked', 'ready', 'in_progress');
create index run_step_words on run_step using gin (to_tsvector('simple', public.search_words_in("values")))
  where "values" is not null;
