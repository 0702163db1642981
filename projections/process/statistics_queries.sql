-- Statistics of a process over its runs: every block sees the same runs, of one version or of all.

-- name: totals
select count(*), count(*) filter (where ended_at is null), coalesce(sum(events), 0), min(first_at), max(last_at),
  coalesce(sum(handovers), 0), count(*) filter (where rework), coalesce(sum(without_actor), 0),
  coalesce(sum(same_time), 0), coalesce(sum(weekend), 0), count(distinct variant),
  (select coalesce(max(n), 0) from (select count(*) as n from runs where variant is not null group by variant) v)
from runs

-- name: case_hours
select count(*), min(h), percentile_cont(array[0.1, 0.5, 0.85, 0.9]) within group (order by h), max(h), avg(h)
from (select extract(epoch from last_at - first_at)::double precision / 3600 as h from runs where events > 0) t

-- name: events_per_case
select count(*), min(events)::double precision,
  percentile_cont(array[0.1, 0.5, 0.85, 0.9]) within group (order by events), max(events)::double precision,
  avg(events)::double precision
from runs where events > 0

-- name: starts
select first_step, count(*) from runs where first_step is not null group by 1 order by 2 desc, 1

-- name: ends
select last_step, count(*) from runs where last_step is not null group by 1 order by 2 desc, 1

-- name: counts
select step, transition, sum(n), count(*), max(n) filter (where transition = 'completed'), count(*) filter (where n > 1)
from runs, unnest(count_steps, count_transitions, counts) as u (step, transition, n) group by 1, 2 order by 1, 2

-- name: step_runs
select step, count(*), count(*) filter (where events > 1) from (
  select run, step, sum(n) as events from runs, unnest(count_steps, counts) as u (step, n) group by 1, 2) t group by 1

-- name: edges
select source, target, sum(n) from runs, unnest(edge_sources, edge_targets, edge_counts) as u (source, target, n)
group by 1, 2 order by 3 desc, 1, 2

-- name: actors
select count(distinct actor) from runs, unnest(actors) as u (actor)

-- name: minutes
with per_minute as (select minute, count(*) as n from runs, unnest(minutes) as u (minute) group by 1),
  per_day as (select (minute / 1440)::int as day, sum(n) as n from per_minute group by 1)
select (select max(n) from per_minute), (select date '1970-01-01' + day from per_day order by n desc, day limit 1),
  (select max(n) from per_day)

-- name: concurrent
select max(running) from (
  select sum(change) over (order by at, change desc rows unbounded preceding) as running from (
    select first_at as at, 1 as change from runs where events > 0
    union all select last_at, -1 from runs where events > 0) t) t

-- name: waits
select coalesce(step, ''), count(*), min(s), percentile_cont(array[0.1, 0.5, 0.85, 0.9]) within group (order by s), max(s), avg(s)
from (select step, seconds / 3600 as s from runs, unnest(wait_steps, wait_seconds) as u (step, seconds)) t
group by rollup (step)

-- name: works
select coalesce(step, ''), count(*), min(s), percentile_cont(array[0.1, 0.5, 0.85, 0.9]) within group (order by s), max(s), avg(s)
from (select step, seconds / 3600 as s from runs, unnest(work_steps, work_seconds) as u (step, seconds)) t
group by rollup (step)

-- name: loose
select step, kind, count(*) from runs, unnest(loose_steps, loose_kinds) as u (step, kind) group by 1, 2

-- name: stages
select stage, count(*), min(s), percentile_cont(array[0.1, 0.5, 0.85, 0.9]) within group (order by s), max(s), avg(s)
from (select stage, seconds / 3600 as s from runs, unnest(stage_keys, stage_seconds) as u (stage, seconds)) t group by 1

-- name: outcomes
select coalesce(outcome, state), count(*) from runs where ended_at is not null group by 1 order by 2 desc, 1
