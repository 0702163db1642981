-- The history of every run, task and project, as recorded, in the order of the stream.

-- name: tables
create table history (
  stream uuid not null,
  version int not null,
  position bigint not null,
  type text not null,
  schema_version int not null,
  step text,
  round int,
  by text,
  data json not null,
  occurred_at timestamptz not null,
  recorded_at timestamptz not null
);

-- name: indexes
create unique index history_of_stream on history (stream, version);

-- name: apply
insert into {schema}.history (stream, version, position, type, schema_version, step, round, by, data, occurred_at, recorded_at)
select stream, version, position, type, schema_version, data ->> 'step', (data ->> 'round')::int, meta ->> 'actor',
  data, occurred_at, recorded_at
from log.event where position > %(after)s and position <= %(upto)s and not starts_with(type, 'process_')
  and (%(only)s::uuid[] is null or stream = any(%(only)s)) and stream <> all(%(parked)s::uuid[])
order by position
