-- Read models as they were: which cards changed since, and the events that made those as they were then.

-- name: moment_at_position
select recorded_at from log.event where position = %(position)s

-- name: candidates
select c.card, l.position <= %(read)s and l.position <= %(position)s and l.occurred_at <= %(at)s as same
from (
  select card, started_at from read.card where project = %(project)s and ended_at is null
  union
  select card, started_at from read.card
  where project = %(project)s and ended_at is not null and ended_at > coalesce(%(after)s::timestamptz, '-infinity')
  union
  select card, started_at from read.card where project = %(project)s and earlier <> '{{}}'
  union
  select card, started_at from read.card
  where earlier <> '{{}}' and earlier @> array[%(project)s]::uuid[]) c, lateral (
  select position, occurred_at from log.event e where e.stream = c.card order by version desc limit 1) l
where c.started_at <= %(at)s

-- name: had_cards
select exists (select from read.card c where c.project = %(project)s and c.started_at <= %(at)s)

-- name: newcomers
select distinct stream from log.event where position > %(read)s and position <= %(position)s

-- name: events
select position, stream, version, type, schema_version, data::text, meta ->> 'actor', occurred_at from log.event
where stream = any(%(streams)s) and position <= %(position)s and occurred_at <= %(at)s order by stream, version

-- name: lights
select {light} from read.card c where c.card = any(%(cards)s)

-- name: cards
select {card} from read.card c where c.card = any(%(cards)s)

-- name: open_steps
select {open_step} from read.open_step s where s.run = any(%(cards)s)
