-- What is asked of actions: what the worker has to do, lists for people, who waits for an event from outside.

-- name: due
select run, nullif(step, '') as step, round, action, lane from (
  select *, row_number() over (partition by lane order by next_at, run, step, round, action) as place
  from read.action where next_at <= %(now)s and kind = any(%(kinds)s)
) found
where place <= %(each)s order by next_at, run, found.step, round, action limit %(limit)s

-- name: started
select run, nullif(step, '') as step, round, action, lane from read.action where state = 'started' and kind = any(%(kinds)s)
order by changed_at

-- name: visible_action
(%(sees_everything)s or project = any(%(sees_projects)s) or run = any(%(sees_cards)s)
  or process = any(%(sees_processes)s) or %(sees_every_run)s)

-- name: listed
from read.action
where {visible_action} and (%(run)s::uuid is null or run = %(run)s) and (%(state)s::text is null or state = %(state)s)
  and (%(kind)s::text is null or kind = %(kind)s)

-- name: list
select run, nullif(step, '') as step, round, action, kind, state, attempt, next_at, queued_at, changed_at, reason, result, receipt,
  incident, problem, name, process, process_version, step_title, project, test
{listed} order by changed_at desc, run, action.step, round, action limit %(limit)s offset %(after)s

-- name: list_count
select count(*) {listed}

-- name: open
from read.action
where incident is not null and {visible_action} and (%(run)s::uuid is null or run = %(run)s)
  and (%(assignee)s::text is null or assignee = %(assignee)s)

-- name: of_steps
select round, step, action, kind, state, attempt, reason, result, changed_at, next_at, incident from read.action
where run = %(run)s and step <> '' and (action = any(%(own)s) or state not in ('succeeded', 'withdrawn'))
order by step, round, queued_at, action

-- name: incidents
select incident, problem, why as reason, assignee, incident_at as since, run, nullif(step, '') as step, round, action, kind, state,
  attempt, name, process, process_version, step_title, project, test, version as stream_version, leads_to
{open} order by incident_at, incident limit %(limit)s offset %(after)s

-- name: incidents_count
select count(*) {open}

-- name: untold
select a.run, nullif(a.step, '') as step, a.step_title, a.action, a.whom, a.changed_at as at, a.state = 'succeeded' as sent, r.roles
from read.action a join read.card c on c.card = a.run join read.run r on r.run = a.run
where (a.state = 'unsent' or a.whom <> '{{}}') and not a.test and c.ended_at is null
  and (%(project)s::uuid is null or c.project = %(project)s)
  and (a.step = '' or exists (select from read.open_step s
    where s.run = a.run and s.step = a.step and s.round = a.round and s.state <> 'done'))
  and (a.state = 'succeeded' or not exists (select from read.action b where b.run = a.run and b.step = a.step
    and b.state = 'succeeded' and b.result = 'sent' and b.changed_at > a.changed_at and b.action not like 'mention:%%'))
order by a.run, a.step, a.changed_at

-- name: unlinked
select s.run, s.step, max(a.changed_at) as sent_at from read.open_step s join read.card c on c.card = s.run join read.run r on r.run = s.run and not r.imported
left join read.action a on a.run = s.run and a.leads_to = s.step
where s.state <> 'done' and s.manual and s.assignee like 'guest:%%' and c.ended_at is null
  and (%(project)s::uuid is null or c.project = %(project)s)
group by s.run, s.step
having coalesce(bool_and(a.state = 'succeeded' and a.changed_at < %(before)s), true)

-- name: loose_incidents
select a.incident, a.problem, a.why as reason, a.assignee, a.incident_at as since, a.run, nullif(a.step, '') as step, a.round,
  a.action, a.kind, a.state, a.attempt, a.name, a.process, a.process_version, a.step_title, a.project, a.test,
  a.version as stream_version, a.leads_to
from read.action a
where a.incident is not null and not a.test and (%(project)s::uuid is null or a.project = %(project)s)
  and not exists (select from read.open_step s where s.run = a.run and s.step = a.step and s.incident = a.incident::text)

-- name: deciders
select incident::text as incident, assignee from read.action where incident is not null

-- name: bound
select incident::text from read.action where incident is not null and leads_to is not null

-- name: awaited
select run, bool_or(waits) as waits, array_agg(step order by step) as steps from read.awaited where event = %(event)s and key = %(key)s
group by run order by bool_or(waits) desc, run desc limit %(limit)s

-- name: ended_children
select c.run, c.child from read.child_run c join read.run r on r.run = c.child
where c.heard is null and r.state in ('completed', 'ended_early', 'cancelled') and c.child <> all(%(apart)s)
order by r.ended_at, c.child limit 100

-- name: forlorn_children
select c.run, c.child from read.child_run c join read.run r on r.run = c.child
where c.heard is null and not c.waits and r.state in ('running', 'paused') and c.child <> all(%(apart)s)
order by c.child limit 100
