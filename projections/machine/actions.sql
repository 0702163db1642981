-- What the machine does: actions with their open incident, events awaited from outside, child runs.

-- name: tables
create table action (
  run uuid not null,
  step text not null check (length(step) <= 250),
  round int not null,
  action text not null check (length(action) <= 250),
  kind text not null,
  lane text not null,
  state text not null,
  attempt int not null,
  next_at timestamptz,
  queued_at timestamptz,
  changed_at timestamptz not null,
  reason text,
  result text,
  receipt text,
  incident uuid,
  problem text,
  why text,
  assignee text,
  incident_at timestamptz,
  name text not null,
  process text not null,
  process_version int not null,
  step_title text,
  project uuid,
  test boolean not null,
  version int not null,
  whom text[] not null,
  leads_to text check (length(leads_to) <= 250),
  primary key (run, step, round, action)
);
create table awaited (
  run uuid not null,
  step text not null check (length(step) <= 250),
  event text not null check (length(event) <= 250),
  key text not null,
  waits boolean not null,
  primary key (run, step)
);
create table child_run (
  run uuid not null,
  child uuid not null,
  step text not null,
  round int not null,
  process text not null,
  waits boolean not null,
  heard text,
  primary key (run, child)
);

-- name: indexes
create index action_next on action (next_at) where next_at is not null;
create index action_started on action (run) where state = 'started';
create index action_incident on action (incident_at) where incident is not null;
create index action_changed on action (changed_at);
create index action_unsent on action (run) where state = 'unsent' or whom <> '{}';
create index action_leads on action (run, leads_to) where leads_to is not null;
create index awaited_key on awaited using hash (key);
create index child_run_child on child_run (child) where heard is null;
