-- What needs somebody. A row with due_at counts once that instant has passed, the others at once.

-- name: tables
create table attention (
  card uuid not null,
  kind text not null,
  step text not null,
  card_kind text not null,
  name text not null,
  project uuid,
  process text,
  step_title text,
  why text,
  who text,
  since timestamptz,
  due_at timestamptz,
  priority text not null,
  primary key (card, kind, step)
);

-- name: indexes
create index attention_of_project on attention (project);
create index attention_due on attention (due_at) where kind = 'overdue';
