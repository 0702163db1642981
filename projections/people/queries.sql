-- What is asked about people and groups.

-- name: people
select p.person, p.name, p.email, p.manager, m.name, p.weekly_hours, p.active, p.reason, p.added_at, p.left_at,
  array(select g.work_group from read.group_member g where g.member = p.person order by g.work_group),
  (select count(*) from read.inbox i where i.assignee = p.person and not exists (
    select 1 from read.run r where r.run = i.work and r.test)), p.version, count(*) over ()
from read.person p left join read.person m on m.person = p.manager
where %(person)s::text is null or p.person = %(person)s
order by not p.active, p.name, p.person
limit %(limit)s offset %(after)s

-- name: groups
select g.work_group, g.title, g.state, g.reason, g.created_at,
  (select coalesce(jsonb_agg(jsonb_build_array(m.member, coalesce(p.name, m.member), coalesce(p.active, false)) order by m.place), '[]')
   from read.group_member m left join read.person p on p.person = m.member where m.stream = g.stream),
  (select count(*) from read.inbox i where i.assignee = g.work_group and not exists (
    select 1 from read.run r where r.run = i.work and r.test)), g.version, count(*) over ()
from read.work_group g
where %(group)s::text is null or g.work_group = %(group)s
order by g.state = 'closed', g.title, g.work_group
limit %(limit)s offset %(after)s

-- name: directory_people
select person, name, email, manager, active, weekly_hours from read.person

-- name: directory_groups
select g.work_group, g.title, array(select m.member from read.group_member m where m.stream = g.stream order by m.place),
  g.state = 'closed'
from read.work_group g

-- name: turns
select work_group, count(*) from read.group_draw where work_group = any(%(groups)s) group by work_group

-- name: loads
select i.assignee, count(*) from read.inbox i
where i.assignee = any(%(people)s) and not exists (select 1 from read.run r where r.run = i.work and r.test)
group by i.assignee

-- name: names
select person, name from read.person union all select work_group, title from read.work_group

-- name: names_of
select person, name from read.person where person = any(%(people)s)
union all select work_group, title from read.work_group where work_group = any(%(people)s)

-- name: changes_of_people
select h.position, e.stream, e.type, e.data::text from log.head h
left join log.event e on e.position > %(after)s and e.position <= h.position and e.type = any(%(types)s)
order by e.position

-- name: held_runs
select r.run from read.run r
where r.state in ('running', 'paused') and (
  exists (select 1 from jsonb_each_text(r.roles) held where held.value = %(person)s)
  or r.run in (select s.run from read.run_step s where s.assignee = %(person)s
    and s.state in ('locked', 'ready', 'in_progress')))
order by r.started_at, r.run

-- name: held_tasks
select c.card from read.card c where c.kind = 'task' and c.life = 'open' and c.who = %(person)s order by c.started_at, c.card
