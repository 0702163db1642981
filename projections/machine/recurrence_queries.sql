-- What is asked of recurring work: lists, and what the worker has to make now.

-- name: list
select recurrence as id, name, state, cron, time_zone, catch_up, makes, project, process, template, set_up_at, set_up_by, next_at,
  last_at, last_made, last_passed_over, made, passed_over, version as stream_version,
  count(*) over () as total
from read.recurrence
where (%(project)s::uuid is null or project = %(project)s) and (%(recurrence)s::uuid is null or recurrence = %(recurrence)s)
  and (%(sees_everything)s or project = any(%(sees_projects)s) or process = any(%(sees_processes)s)
    or (%(sees_every_run)s and process is not null))
order by state = 'ended', next_at nulls last, name, recurrence
limit %(limit)s offset %(after)s

-- name: due
select recurrence from read.recurrence where next_at <= %(now)s and recurrence <> all(%(apart)s) order by next_at, recurrence limit 100

-- name: next
select min(next_at) from read.recurrence where recurrence <> all(%(apart)s)
