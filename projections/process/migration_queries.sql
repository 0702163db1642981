-- The active runs of a process as far as the planner of migrations needs them, one row a run.

-- name: active
select r.run, r.name, r.state, r.process_version, r.removed, r.inputs::text, s.steps, s.given
from read.run r
left join lateral (
  select string_agg(concat_ws(' ', t.step, t.state, (t.by is not null)::int, t.approvals, t.added_later::int,
      t.called::int), ',') as steps,
    json_object_agg(t.step, t."values") filter (where t.step = any(%(valued)s) and t."values" is not null)::text as given
  from read.run_step t where t.run = r.run
) s on true
where r.process = %(process)s and r.state in ('running', 'paused') and not (r.process_version = %(version)s)
  and (not r.test and %(runs)s::uuid[] is null or r.run = any(%(runs)s))
order by r.started_at, r.run

-- name: versions
select r.process_version, count(*) from read.run r
where r.process = %(process)s and r.state in ('running', 'paused') and not r.test group by 1 order by 1

-- name: known
select r.run from read.run r where r.process = %(process)s and r.run = any(%(runs)s)

-- name: active_ids
select r.run from read.run r
where r.process = %(process)s and r.state in ('running', 'paused') and not (r.process_version = %(version)s)
  and not r.test
order by r.started_at, r.run

-- name: told
select r.run, r.name, r.test from read.run r where r.run = any(%(runs)s)

-- name: names
select r.run, r.name from read.run r where r.process = %(process)s and r.run = any(%(runs)s)
