-- Parts: the open work of people who left or never were here and of groups that nobody is in, and why it is that.

-- name: gone_work
from read.inbox i
left join read.person p on p.person = i.assignee and not p.active
left join read.work_group g on g.work_group = i.assignee and not exists (
  select 1 from read.group_member m join read.person a on a.person = m.member and a.active where m.stream = g.stream)
where (p.person is not null or g.work_group is not null
    or (i.assignee like 'person:%%' and not exists (select 1 from read.person a where a.person = i.assignee))
    or (i.assignee like 'group:%%' and not exists (select 1 from read.work_group a where a.work_group = i.assignee)))
  and (%(project)s::uuid is null or i.project = %(project)s)

-- name: gone_why
case when p.person is not null then p.name || ' left: ' || coalesce(p.reason, '')
    when g.work_group is not null then 'nobody is in ' || g.title
    else case when i.assignee like 'group:%%' then 'no group' else 'nobody' end || ' here is called '
      || split_part(i.assignee, ':', 2) end
