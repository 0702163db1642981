-- Open and coming work of people and groups, as plans need it.

-- name: runs
select run, process, process_version, state, inputs, roles, started_at, target_at, coalesce((
    select (h.data ->> 'imported')::boolean from read.history h where h.stream = run and h.version = 1), false)
from read.run where state in ('running', 'paused') and not test and (%(project)s::uuid is null or project = %(project)s)
order by run

-- name: steps
select s.run, s.step, s.state, s.assignee, s.ready_at, s.ended_at, s.due_at, s.help is not null, coalesce(i.approved, '{}'), s."values"
from read.run_step s join read.run r on r.run = s.run left join read.inbox i on i.work = s.run and i.step = s.step
where r.state in ('running', 'paused') and not r.test and (%(project)s::uuid is null or r.project = %(project)s)

-- name: pauses
select h.stream, h.type, h.occurred_at from read.history h
where h.stream = any(%(runs)s) and h.type in ('run_paused', 'run_resumed') order by h.stream, h.version

-- name: tasks
select c.who, c.due_on, c.blocked is not null or c.help is not null or exists (
    select 1 from unnest(c.waits_for) as other (card) join read.card o on o.card = other.card where o.ended_at is null)
from read.card c where c.kind = 'task' and c.life = 'open' and (%(project)s::uuid is null or c.project = %(project)s)
order by c.card
