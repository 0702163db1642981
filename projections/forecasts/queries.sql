-- What the forecast reads and keeps. Its tables are no read model: they are made from what read models tell.

-- name: runs_to_read
select r.run from read.run r where r.process = %(process)s and not r.test order by r.run

-- name: marks
select h.stream, h.type, h.step, h.round, h.by, extract(epoch from h.occurred_at)::float8,
  case when h.type = any(%(lives)s) then h.data::text end
from read.history h
where h.stream = any(%(runs)s) and h.type = any(%(types)s) and (%(upto)s::bigint is null or h.position <= %(upto)s)
order by h.stream, h.version

-- name: due_runs
select c.card, c.process, c.process_version, c.version, m.position
from read.card c
join forecast.model m on m.process = c.process
left join forecast.run f on f.run = c.card
where c.kind = 'run' and c.ended_at is null and c.card <> all(%(apart)s)
  and (f.run is null or f.version <> c.version or f.model_position <> m.position or f.made_at < %(now)s - interval '1 day')
order by f.made_at nulls first, c.card limit %(limit)s

-- name: processes_to_learn
select c.process
from (select process, count(*) filter (where ended_at is not null) as ended, count(*) filter (where ended_at is null) as open
    from read.card where kind = 'run' group by process) c
left join forecast.model m on m.process = c.process
where c.open > 0 and c.process <> all(%(apart)s) and (m.process is null or c.ended >= m.ended_runs + greatest(1, m.ended_runs / 10)
  or c.ended < m.ended_runs
  or (m.learnt_at < %(now)s - interval '1 day' and m.position < (select position from log.head)))
order by m.learnt_at nulls first, c.process limit 1

-- name: behind
select (select position from log.head) - coalesce(min(c.position), 0)
from read.generation g join log.checkpoint c on c.name = g.schema
where g.state = 'live' and g.projection = any(array['board', 'run_history', 'run_steps'])

-- name: counts
select count(*) filter (where ended_at is not null), count(*) filter (where ended_at is null)
from read.card where kind = 'run' and process = %(process)s

-- name: head
select position from log.head

-- name: made
select to_regclass('read.card') is not null and to_regclass('read.history') is not null
  and to_regclass('read.run') is not null and to_regclass('forecast.run') is not null

-- name: model
select position, learnt_at, ended_runs, open_runs, steps, learnt from forecast.model where process = %(process)s

-- name: model_facts
select position, learnt_at, ended_runs, open_runs, learnt is not null from forecast.model where process = %(process)s

-- name: keep_model
insert into forecast.model (process, position, learnt_at, ended_runs, open_runs, steps, learnt)
values (%(process)s, %(position)s, %(now)s, %(ended)s, %(open)s, %(steps)s, %(learnt)s)
on conflict (process) do update set position = excluded.position, learnt_at = excluded.learnt_at,
  ended_runs = excluded.ended_runs, open_runs = excluded.open_runs, steps = excluded.steps, learnt = excluded.learnt

-- name: position_of_run
select max(position) from read.history where stream = %(run)s

-- name: before
select is_late, crossings from forecast.run where run = %(run)s

-- name: keep_run
insert into forecast.run (run, process, version, model_position, position, made_at, state, reason, step, samples, p50_at,
  p85_at, probability, target_at, target_p85_at, stage, stages, levers, is_late, crossings)
values (%(run)s, %(process)s, %(version)s, %(model_position)s, %(position)s, %(made_at)s, %(state)s, %(reason)s, %(step)s,
  %(samples)s, %(p50_at)s, %(p85_at)s, %(probability)s, %(target_at)s, %(target_p85_at)s, %(stage)s, %(stages)s, %(levers)s,
  %(is_late)s, %(crossings)s)
on conflict (run) do update set process = excluded.process, version = excluded.version,
  model_position = excluded.model_position, position = excluded.position, made_at = excluded.made_at,
  state = excluded.state, reason = excluded.reason, step = excluded.step, samples = excluded.samples,
  p50_at = excluded.p50_at, p85_at = excluded.p85_at, probability = excluded.probability, target_at = excluded.target_at,
  target_p85_at = excluded.target_p85_at, stage = excluded.stage, stages = excluded.stages, levers = excluded.levers, is_late = excluded.is_late,
  crossings = excluded.crossings

-- name: keep_first
insert into forecast.kept (run, stage, process, position, made_at, p50_at, p85_at, probability, target_at)
values (%(run)s, %(stage)s, %(process)s, %(position)s, %(made_at)s, %(p50_at)s, %(p85_at)s, %(probability)s, %(target_at)s)
on conflict (run, stage) do nothing

-- name: forget_ended
delete from forecast.run f using read.card c where c.card = f.run and c.ended_at is not null

-- name: of_run
select f.run, f.process, f.position, f.made_at, f.state, f.reason, f.samples, f.p50_at, f.p85_at, f.probability,
  f.target_at, f.target_p85_at, f.stages, f.levers, m.ended_runs, c.target_stage
from forecast.run f left join read.card c on c.card = f.run left join forecast.model m on m.process = f.process where f.run = %(run)s

-- name: of_runs
select run, state, p50_at, p85_at, probability, reason,
  array(select s->>'stage' from jsonb_array_elements(stages) s where s->>'state' in ('at_risk', 'late')), target_p85_at
from forecast.run where run = any(%(runs)b)

-- name: warned
select run from forecast.run where run = any(%(runs)b) and state in ('at_risk', 'late', 'stalled')

-- name: run_card
select process, process_version, life, target_at, target_stage from read.card where card = %(run)s and kind = 'run'

-- name: hits
select count(*) filter (where k.p85_at <= %(now)s),
  count(*) filter (where k.p85_at <= %(now)s and c.ended_at <= k.p85_at),
  count(*) filter (where k.p50_at <= %(now)s),
  count(*) filter (where k.p50_at <= %(now)s and c.ended_at <= k.p50_at)
from forecast.kept k join read.card c on c.card = k.run
where k.process = %(process)s and c.life <> 'cancelled'

-- name: states
select state, count(*) from forecast.run where process = %(process)s group by state

-- name: backtests
select way, position, made_at, scores from forecast.backtest where process = %(process)s order by way desc

-- name: keep_backtest
insert into forecast.backtest (process, way, position, made_at, scores)
values (%(process)s, %(way)s, %(position)s, %(now)s, %(scores)s)
on conflict (process, way) do update set position = excluded.position, made_at = excluded.made_at, scores = excluded.scores
