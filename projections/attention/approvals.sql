-- Open approvals: who has agreed, who may, and who did what they are about.

-- name: partly_agreed
select i.work as run, i.step, r.process, r.process_version, g.title as group_title, i.approved as by,
  coalesce((select max(p.left_at) from read.group_member m join read.person p on p.person = m.member
    where m.stream = g.stream and not p.active), i.ready_at) as since,
  array(select m.member from read.group_member m join read.person p on p.person = m.member and p.active
    where m.stream = g.stream and m.member <> all(i.approved)) as missing,
  (select coalesce(jsonb_object_agg(s.step, s.by), '{}') from read.run_step s
    where s.run = i.work and s.by is not null and s.state = 'done') as done
from read.inbox i
join read.work_group g on g.work_group = i.assignee
join read.run r on r.run = i.work
where i.step_kind = 'approval' and not i.claimable and i.approved <> '{}'
  and (%(project)s::uuid is null or i.project = %(project)s)

-- name: open_approvals
select s.run, s.step, c.project, c.process, c.process_version, g.work_group, g.title, coalesce(i.approved, '{}') as approved,
  case when s.assignee is null then '{}' when g.work_group is null then array[s.assignee] else array(
    select m.member from read.group_member m join read.person p on p.person = m.member and p.active
    where m.stream = g.stream order by m.place) end as members
from read.open_step s
join read.card c on c.card = s.run
left join read.inbox i on i.work = s.run and i.step = s.step
left join read.work_group g on g.work_group = s.assignee
left join read.person p on p.person = s.assignee
where s.kind = 'approval' and s.state <> 'done' and (s.assignee is null or g.work_group is not null
    or (s.assignee like 'person:%%' and coalesce(p.active, true)))
  and (%(project)s::uuid is null or c.project = %(project)s)

-- name: deeds
select h.stream as run, h.step, h.by as who from read.history h
where h.stream = any(%(runs)s) and h.by = any(%(people)s) and h.type in ('run_started', 'run_inputs_changed',
  'step_values_saved', 'step_completed', 'step_failed', 'step_skipped', 'incident_resolved')
union select h.stream, h.step, d.who from read.history h, json_array_elements_text(h.data -> 'doers') as d (who)
where h.stream = any(%(runs)s) and h.type = 'child_run_ended' and json_typeof(h.data -> 'doers') = 'array'
union select h.stream, null, g.who from read.history h, json_array_elements_text(h.data -> 'given_by') as g (who)
where h.stream = any(%(runs)s) and h.type = 'run_started' and json_typeof(h.data -> 'given_by') = 'array'
