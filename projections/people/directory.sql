-- What decisions ask of people and groups, and what changed them since.

-- name: directory_people
select person, name, email, manager, active, weekly_hours from read.person

-- name: directory_groups
select g.work_group, g.title, array(select m.member from read.group_member m where m.stream = g.stream order by m.place) as members,
  g.state = 'closed' as closed
from read.work_group g

-- name: turns
select work_group as who, count(*) as times from read.group_draw where work_group = any(%(groups)s) group by work_group

-- name: loads
select i.assignee as who, count(*) as times from read.inbox i
where i.assignee = any(%(people)s) and not exists (select 1 from read.run r where r.run = i.work and r.test)
group by i.assignee

-- name: changes_of_people
select h.position, e.stream, e.type, e.data::text from log.head h
left join log.event e on e.position > %(after)s and e.position <= h.position and e.type = any(%(types)s)
order by e.position
