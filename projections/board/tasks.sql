-- The task view: what a card on the board has no room for. One row per task.

-- name: tables
create table task (
  task uuid primary key,
  checklist jsonb not null,
  comments jsonb not null,
  waits_for jsonb not null
);

-- name: indexes

-- name: show
select t.checklist, t.comments, t.waits_for from read.task t where t.task = %(task)s

-- name: others
select c.card, c.kind, c.name, c.life, c.state from read.card c where c.card = any(%(cards)s)
