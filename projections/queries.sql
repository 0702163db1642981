-- What is asked of the read models. Lateness is worked out here, from the instants that the rows hold.

-- name: freshness
select coalesce(min(c.position), 0), min(c.moved_at), (select position from log.head), clock_timestamp()
from read.generation g join log.checkpoint c on c.name = g.schema
where g.state = 'live' and g.projection = any(%(names)s)

-- name: inbox
select i.kind, i.work, nullif(i.step, ''), i.title, i.name, i.process, i.project, p.name, i.stage, i.state, i.assignee,
  {due}, coalesce({due} < %(now)s, false), i.priority, i.ready_at, i.step_kind, i.claimable, i.due_on, i.reminded_at,
  i.reminded_by, count(*) over (),
  count(*) filter (where {due} < %(now)s) over ()
from read.inbox i left join read.project p on p.project = i.project
where i.assignee = any(array(select unnest(%(assignees)s::text[]) union select m.work_group from read.group_member m
    join read.person a on a.person = m.member and a.active where m.member = any(%(assignees)s)))
  and not i.approved && %(assignees)s::text[]
  and (%(sees_everything)s or i.project = any(%(sees_projects)s) or i.work = any(%(sees_cards)s)
    or i.process = any(%(sees_processes)s) or (%(sees_every_run)s and i.process is not null))
  and not (i.kind = 'task' and exists (select 1 from read.card t, unnest(t.waits_for) as w (card)
    join read.card o on o.card = w.card and o.ended_at is null where t.card = i.work))
  and (%(begin)s::timestamptz is null or {due} >= %(begin)s and {due} < %(end)s)
order by case when {due} < %(now)s then 0 when {due} <= %(today)s then 1 when {due} is null then 2 else 3 end,
  case when {due} < %(now)s then {due} end,
  array_position('{{urgent,high,medium,low,none}}'::text[], i.priority), {due} nulls last, i.ready_at nulls last,
  i.work, i.step
limit %(limit)s offset %(after)s

-- name: changed_at
select c.stream, (select e.recorded_at from log.event e where e.stream = c.stream order by e.version desc limit 1)
from unnest(%(streams)s::uuid[]) as c (stream)

-- name: run
select r.run, r.process, r.process_version, r.name, r.subject, r.state, r.inputs, r.roles, r.project, r.priority,
  r.target_at, r.test, r.started_at, r.started_by, r.ended_at, r.outcome, r.reason, r.overridden_stage, r.version,
  r.attachments, r.overridden_from
from read.run r where r.run = %(run)s

-- name: run_steps
select step, state, round, assignee, by, ready_at, started_at, ended_at, due_at, due_source, due_moves, outcome, reason,
  help, questioned, approvals, comments, "values", notes, added_later, asked_anew from read.run_step where run = %(run)s

-- name: run_alarms
select step, alarm, at from read.alarm where run = %(run)s and alarm <> 'overdue' order by at, place, step, alarm

-- name: run_pauses
select type, occurred_at from read.history where stream = %(run)s and type in ('run_paused', 'run_resumed') order by version

-- name: version_document
select process_version, key, title, note, published_at, published_by, document from read.process_version
where key = %(process)s and process_version = %(version)s

-- name: history
select position, version, type, schema_version, occurred_at, recorded_at, by, step, round, data::text,
  (select e.meta ->> 'authenticated_by' from log.event e where e.position = h.position) from read.history h
where stream = %(stream)s and version > %(after)s order by version limit %(limit)s

-- name: history_latest
select position, version, type, schema_version, occurred_at, recorded_at, by, step, round, data::text,
  (select e.meta ->> 'authenticated_by' from log.event e where e.position = h.position) from read.history h
where stream = %(stream)s and (%(before)s::int is null or version < %(before)s) order by version desc limit %(limit)s

-- name: history_earlier
select count(*) from read.history where stream = %(stream)s and version < %(before)s

-- name: history_left
select count(*) from read.history where stream = %(stream)s and version > %(after)s

-- name: projects
select p.project, p.name, p.state, p.owner, p.process, p.stages, p.opened_at, count(*) over ()
from read.project p where %(sees_everything)s or p.project = any(%(sees_projects)s)
order by p.state = 'closed', p.name, p.project
limit %(limit)s offset %(after)s

-- name: processes
select p.key, p.title, p.owner, p.state, p.draft is not null, p.version,
  v.process_version, v.versions, v.published_at, jsonb_array_length(coalesce(v.document, p.draft) -> 'stages'),
  (select coalesce(sum(jsonb_array_length(s -> 'steps')), 0) from jsonb_array_elements(coalesce(v.document, p.draft) -> 'stages') s),
  count(*) over ()
from read.process p
left join lateral (select process_version, published_at, document, count(*) over () as versions from read.process_version v
  where v.stream = p.stream order by process_version desc limit 1) v on true
order by p.title, p.key
limit %(limit)s offset %(after)s

-- name: process
select key, title, state, draft, version from read.process where key = %(process)s

-- name: process_versions
select process_version, key, title, note, published_at, published_by, document from read.process_version
where key = %(process)s order by process_version desc
