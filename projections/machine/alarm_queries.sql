-- What the timer asks: which alarms have come, and when the next one does.

-- name: come
select a.at, a.run, a.place, a.step, a.alarm, a.round, a.assignee, a.due_moves as moves, r.version, r.process, r.process_version,
  r.imported
from read.alarm a join read.alarm_run r using (run)
where a.at <= %(now)s
  and (%(after)s::boolean is not true or (a.at, a.run, a.place, a.step, a.alarm)
    > (%(at)s::timestamptz, %(run)s::uuid, %(place)s::int, %(step)s::text, %(alarm)s::text))
order by a.at, a.run, a.place, a.step, a.alarm limit %(limit)s

-- name: next
select min(at) from read.alarm where at > %(now)s

-- name: oldest
select min(at) from read.alarm

-- name: made
select to_regclass('read.alarm') is not null and to_regclass('read.run') is not null

-- name: behind
select (select position from log.head) - coalesce(min(c.position), 0)
from read.generation g join log.checkpoint c on c.name = g.schema
where g.state = 'live' and g.projection = any(%(names)s)

-- name: active_runs
select run from read.run where state in ('running', 'paused') and (%(after)s::uuid is null or run > %(after)s)
order by run limit %(limit)s
