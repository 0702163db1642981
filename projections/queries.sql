-- What is asked of the read models. Lateness is worked out here, from the instants that the rows hold.

-- name: freshness
select coalesce(min(c.position), 0), min(c.moved_at), (select position from log.head), clock_timestamp()
from read.generation g join log.checkpoint c on c.name = g.schema
where g.state = 'live' and g.projection = any(%(names)s)

-- name: project
select project, name, state, owner, process, stages, members, opened_at, version from read.project where project = %(project)s

-- name: cards
select {card} from read.card c where c.card in (
  select p.card from (
    select c.card, row_number() over (partition by coalesce(array_position(%(stages)s::text[], c.stage), 1)
      order by c.rank is null, c.rank, c.started_at, c.card) as place
    from {judged} where c.project = %(project)s and c.ended_at is null and {filter}) p
  where p.place > %(after)s and (%(limit)s::int is null or p.place <= %(after)s + %(limit)s))
union all
select * from (
  select {card} from unnest(%(ended_stages)s::text[]) as s (key), lateral (
    select c.* from {judged} where c.project = %(project)s and c.stage = s.key and c.ended_at is not null and {filter}
    order by c.ended_at desc, c.card limit %(ended)s) c) ended

-- name: standing
select {card} from read.card c where c.project = %(project)s and c.ended_at is null

-- name: ended_counts
select c.stage, count(*) from {judged} where c.project = %(project)s and c.ended_at is not null and {filter}
group by c.stage

-- name: standing_counts
select c.stage, count(*), count(*) filter (where d.at < %(now)s),
  count(*) filter (where d.at >= %(now)s and d.at < %(soon)s)
from {judged}, lateral (
  select least({due_of_card}, case when c.target_reached_at is null then c.target_at end) as at) d
where c.project = %(project)s and c.ended_at is null and {filter} group by c.stage

-- name: last_rank
select max(rank) from read.card where project = %(project)s and (stage = %(stage)s
  or %(in_first)s and stage <> all(%(stages)s::text[]))

-- name: card
select {card} from read.card c where c.card = %(card)s

-- name: cards_by_id
select {card} from read.card c where c.card = any(%(wanted)s)

-- name: tallies
select c.project, c.process, c.kind, c.stage, c.life, c.ended_at is null, c.reached, count(*) from read.card c
where {scope} group by 1, 2, 3, 4, 5, 6, 7

-- name: funnel_outcomes
select coalesce(c.outcome, c.life), count(*) from read.card c
where c.kind = 'run' and c.ended_at is not null and {scope} group by 1 order by 2 desc, 1

-- name: open_cards
select {card} from read.card c where c.ended_at is null and (%(project)s::uuid is null or c.project = %(project)s)

-- name: open_steps
select {open_step} from read.open_step s join read.card c on c.card = s.run
where c.ended_at is null and (%(project)s::uuid is null or c.project = %(project)s)

-- name: project_names
select project, name, case when exists (select 1 from read.person p where p.person = owner and not p.active) then null
  else owner end
from read.project where %(project)s::uuid is null or project = %(project)s

-- name: newest_ended
with recursive p (key) as (
  (select c.process from read.card c where c.kind = 'run' and c.ended_at is not null order by c.process limit 1)
  union all
  select (select c.process from read.card c where c.kind = 'run' and c.ended_at is not null and c.process > p.key
    order by c.process limit 1) from p where p.key is not null)
select p.key, n.card, n.version, n.ended_at from p, lateral (
  select c.card, c.version, c.ended_at from read.card c where c.kind = 'run' and c.process = p.key and c.ended_at <= %(at)s
  order by c.ended_at desc, c.card limit 1) n

-- name: passages
select stages from read.card
where kind = 'run' and process = %(process)s and ended_at <= %(at)s order by ended_at desc, card limit %(limit)s

-- name: inbox
select i.kind, i.work, nullif(i.step, ''), i.title, i.name, i.process, i.project, p.name, i.stage, i.state, i.assignee,
  {due}, coalesce({due} < %(now)s, false), i.priority, i.ready_at, i.step_kind, i.claimable, i.due_on, i.reminded_at,
  i.reminded_by, count(*) over (),
  count(*) filter (where {due} < %(now)s) over ()
from read.inbox i left join read.project p on p.project = i.project
where i.assignee = any(array(select unnest(%(assignees)s::text[]) union select m.work_group from read.group_member m
    join read.person a on a.person = m.member and a.active where m.member = any(%(assignees)s)))
  and not i.approved && %(assignees)s::text[]
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

-- name: help_texts
select s.run, s.step, s.help, r.process, r.process_version from read.run_step s join read.run r on r.run = s.run
where s.run = any(%(runs)s) and s.help is not null order by s.run, s.step

-- name: run_alarms
select step, alarm, at from read.alarm where run = %(run)s and alarm <> 'overdue' order by at, place, step, alarm

-- name: run_pauses
select type, occurred_at from read.history where stream = %(run)s and type in ('run_paused', 'run_resumed') order by version

-- name: version_document
select process_version, key, title, note, published_at, published_by, document from read.process_version
where key = %(process)s and process_version = %(version)s

-- name: history
select position, version, type, schema_version, occurred_at, recorded_at, by, step, round, data::text from read.history
where stream = %(stream)s and version > %(after)s order by version limit %(limit)s

-- name: history_latest
select position, version, type, schema_version, occurred_at, recorded_at, by, step, round, data::text from read.history
where stream = %(stream)s and (%(before)s::int is null or version < %(before)s) order by version desc limit %(limit)s

-- name: history_earlier
select count(*) from read.history where stream = %(stream)s and version < %(before)s

-- name: history_left
select count(*) from read.history where stream = %(stream)s and version > %(after)s

-- name: runs_left
select count(*) from read.card c where {of_runs}

-- name: runs
select {card} from read.card c where c.card in (
  select c.card from read.card c where {of_runs} order by c.started_at desc, c.card desc limit %(limit)s)
order by c.started_at desc, c.card desc limit %(limit)s

-- name: projects
select p.project, p.name, p.state, p.owner, p.process, p.stages, p.opened_at, count(*) over ()
from read.project p
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
