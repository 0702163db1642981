-- Runs as lists show them.

-- name: runs_left
select count(*) from read.card c where {of_runs}

-- name: runs
select {card} from read.card c where c.card in (
  select c.card from read.card c where {of_runs} order by c.started_at desc, c.card desc limit %(limit)s)
order by c.started_at desc, c.card desc limit %(limit)s

-- name: of_runs
c.kind = 'run' and {visible} and (%(process)s::text is null or c.process = %(process)s)
  and (%(project)s::uuid is null or c.project = %(project)s) and (%(life)s::text is null or c.life = %(life)s)
  and (%(after)s::uuid is null
    or (c.started_at, c.card) < (select a.started_at, a.card from read.card a where a.card = %(after)s))
