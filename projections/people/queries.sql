-- People and groups for pages and commands, and what somebody holds.

-- name: people
select p.person, p.name, p.email, p.manager, m.name as manager_name, p.weekly_hours, p.active, p.reason, p.added_at, p.left_at,
  array(select g.work_group from read.group_member g where g.member = p.person order by g.work_group) as groups,
  (select count(*) from read.inbox i where i.assignee = p.person and not exists (
    select 1 from read.run r where r.run = i.work and r.test)) as open_work, p.version, count(*) over () as total
from read.person p left join read.person m on m.person = p.manager
where %(person)s::text is null or p.person = %(person)s
order by not p.active, p.name, p.person
limit %(limit)s offset %(after)s

-- name: groups
select g.work_group as "group", g.title, g.state, g.reason, g.created_at,
  (select coalesce(jsonb_agg(jsonb_build_array(m.member, coalesce(p.name, m.member), coalesce(p.active, false)) order by m.place), '[]')
   from read.group_member m left join read.person p on p.person = m.member where m.stream = g.stream) as members,
  (select count(*) from read.inbox i where i.assignee = g.work_group and not exists (
    select 1 from read.run r where r.run = i.work and r.test)) as open_work, g.version, count(*) over () as total
from read.work_group g
where %(group)s::text is null or g.work_group = %(group)s
order by g.state = 'closed', g.title, g.work_group
limit %(limit)s offset %(after)s

-- name: held_runs
select r.run from read.run r
where r.state in ('running', 'paused') and (
  exists (select 1 from jsonb_each_text(r.roles) held where held.value = %(person)s)
  or r.run in (select s.run from read.run_step s where s.assignee = %(person)s
    and s.state in ('locked', 'ready', 'in_progress')))
order by r.started_at, r.run

-- name: held_tasks
select c.card from read.card c where c.kind = 'task' and c.life = 'open' and c.who = %(person)s order by c.started_at, c.card
