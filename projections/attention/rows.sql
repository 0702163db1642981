-- The open steps of runs under way; what of it needs somebody is worked out when it is asked for.

-- name: tables
create table open_step (
  run uuid not null,
  step text not null check (length(step) <= 250),
  title text not null,
  kind text not null,
  stage text not null,
  manual boolean not null,
  outside boolean not null,
  required boolean not null,
  assignee text,
  round int not null,
  ready_at timestamptz,
  due_at timestamptz,
  due_moves int not null,
  help_since timestamptz,
  incident text,
  incident_kind text,
  incident_since timestamptz,
  state text not null,
  primary key (run, step)
);

-- name: indexes
create index open_step_due on open_step (due_at);
