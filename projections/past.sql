-- Read models as they were: which cards changed since, and the events that made those as they were then.

-- name: moment_at_position
select recorded_at from log.event where position = %(position)s

-- name: candidates
select c.card, l.position <= %(read)s and l.position <= %(position)s and l.occurred_at <= %(at)s
from read.card c, lateral (
  select position, occurred_at from log.event e where e.stream = c.card order by version desc limit 1) l
where (c.project = %(project)s or (c.earlier <> '{{}}' and c.earlier @> array[%(project)s]::uuid[]))
  and c.started_at <= %(at)s
  and (%(after)s::timestamptz is null or c.ended_at is null or c.ended_at > %(after)s or c.earlier <> '{{}}')

-- name: had_cards
select exists (select from read.card c where c.project = %(project)s and c.started_at <= %(at)s)

-- name: newcomers
select distinct stream from log.event where position > %(read)s and position <= %(position)s

-- name: events
select position, stream, version, type, schema_version, data::text, meta ->> 'actor', occurred_at from log.event
where stream = any(%(streams)s) and position <= %(position)s and occurred_at <= %(at)s order by stream, version

-- name: lights
select c.card, c.kind, c.project, c.stage, c.life, c.state, c.outcome, c.reached, c.ended_at, c.who, c.process, c.priority,
  c.labels, c.name from read.card c where c.card = any(%(cards)s)

-- name: cards
select {card} from read.card c where c.card = any(%(cards)s)

-- name: open_steps
select {open_step} from read.open_step s where s.run = any(%(cards)s)
