-- The work that is left of who left.

-- name: owner_deactivated
select i.work as card, i.kind, i.name, i.project, i.process, nullif(i.step, '') as step, i.title, i.assignee, {gone_why} as why,
  coalesce(p.left_at, i.ready_at) as since, i.due_at, i.priority, p.person is not null or g.work_group is not null as known
{gone_work}
order by array_position('{{urgent,high,medium,low,none}}'::text[], i.priority), coalesce(i.due_at, i.due_on) nulls last,
  i.work, i.step
