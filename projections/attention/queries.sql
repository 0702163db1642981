-- What needs somebody is judged by: open cards and steps, projects, whose work is nobody's any more.

-- name: open_cards
select {open_card} from read.card c where c.ended_at is null and {visible} and (%(project)s::uuid is null or c.project = %(project)s)

-- name: open_steps
select {open_step} from read.open_step s join read.card c on c.card = s.run
where c.ended_at is null and {visible} and (%(project)s::uuid is null or c.project = %(project)s)

-- name: project_names
select project, name, case when exists (select 1 from read.person p where p.person = owner and not p.active) then null
  else owner end as owner
from read.project where %(project)s::uuid is null or project = %(project)s

-- name: stages_of
select c.card, c.stages::text as stages from read.card c where c.card = any(%(cards)s)

-- name: gone
select i.work, i.step, {gone_why} as why, coalesce(p.left_at, i.ready_at) as since,
  p.person is not null or g.work_group is not null as known
{gone_work}

-- name: stopped_steps
select distinct on (run) run, step, state from read.run_step
where run = any(%(runs)s) and state in ('failed', 'cancelled') order by run, state desc, ended_at, step
