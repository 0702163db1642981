-- Ready work by person or group: steps of runs, and tasks.

-- name: tables
create table inbox (
  work uuid not null,
  step text not null check (length(step) <= 250),
  kind text not null,
  assignee text not null check (length(assignee) <= 250),
  title text not null,
  name text not null,
  process text,
  project uuid,
  stage text,
  state text not null,
  due_at timestamptz,
  priority text not null,
  ready_at timestamptz,
  step_kind text,
  due_on date,
  claimable boolean not null,
  approved text[] not null,
  reminded_at timestamptz,
  reminded_by text,
  primary key (work, step)
);

-- name: indexes
create index inbox_of_assignee on inbox (assignee);
create index inbox_title on inbox using gin (title public.gin_trgm_ops);
create index inbox_title_words on inbox using gin (to_tsvector('simple', public.search_words(title)));
