-- Insights over the runs of one process, of one version or of all. Percentiles interpolate linearly (percentile_cont).
-- Arrays are taken apart in the list of columns, all in step: about twice as fast as a join with unnest.
-- On time is a run that ended by its target, or whose target stage was over by then.
-- A run's cycle is from its start to its end, of runs that were completed or ended early, on the clock.

-- name: versions
select process_version, count(*), count(*) filter (where ended_at is null),
  count(*) filter (where state = 'completed'), count(*) filter (where state = 'ended_early'),
  count(*) filter (where state = 'cancelled'),
  count(hours), percentile_cont(array[0.5, 0.85]) within group (order by hours), avg(hours),
  count(target_at) filter (where hours is not null), 
  count(*) filter (where coalesce(target_reached_at, ended_at) <= target_at and hours is not null),
  count(*) filter (where rounds_max > 1)
from (select *, case when state in ('completed', 'ended_early') then
    extract(epoch from ended_at - started_at)::double precision / 3600 end as hours from runs) t
group by rollup (process_version) order by process_version nulls first

-- name: steps
select step, count(*), count(wait), percentile_cont(array[0.5, 0.85]) within group (order by wait),
  count(work), percentile_cont(array[0.5, 0.85]) within group (order by work),
  count(cycle), percentile_cont(array[0.5, 0.85]) within group (order by cycle),
  count(late), count(*) filter (where not late), coalesce(sum(wait), 0), coalesce(sum(work), 0), count(*) filter (where not again)
from (select step, again, wait / 3600 as wait, work / 3600 as work, cycle / 3600 as cycle, late from (
  select unnest(visit_steps) as step, unnest(visit_again) as again, unnest(visit_waits) as wait,
    unnest(visit_works) as work, unnest(visit_cycles) as cycle, unnest(visit_late) as late from runs) u) t
group by step

-- name: ends
select step, case when over and state in ('ready', 'in_progress') then 'locked' else state end, count(*)
from (select unnest(end_steps) as step, unnest(ends) as state, ended_at is not null as over from runs) t
group by 1, 2

-- name: approvals
select step, count(*), count(*) filter (where first = 'done'), sum(refusals), max(refusals)
from (select unnest(judged_steps) as step, unnest(judged_first) as first, unnest(judged_refusals) as refusals from runs) t
group by step

-- name: loops
select nullif(source, ''), target, sum(n), count(*)
from (select unnest(loop_sources) as source, unnest(loop_targets) as target, unnest(loop_counts) as n from runs) t
group by 1, 2 order by 3 desc, 2, 1 nulls first

-- name: sitting
select step, count(*), min(since), percentile_cont(array[0.5, 0.85]) within group (order by
  extract(epoch from %(now)s::timestamptz - since)::double precision / 3600)
from runs, unnest(end_steps, ends, open_since) as u (step, e, since)
where ended_at is null and e in ('ready', 'in_progress') group by step

-- name: resting
select count(*) from runs
where ended_at is null and not ends && array['ready', 'in_progress']

-- name: conformance
select step, kind, sum(n), count(*)
from (select unnest(odd_steps) as step, unnest(odd_kinds) as kind, unnest(odd_counts) as n from runs) t
group by 1, 2 order by 3 desc, 1, 2

-- name: conforming
select count(*) from runs where not odd_kinds && array['skipped', 'set_aside', 'by_hand', 'out_of_order', 'stage_overridden']
