-- The process that a run followed when an event of it was stored: what meta says, where it says it.

-- name: followed
select asked.stream, asked.version, found.process, found.process_version
from unnest(%(streams)s::uuid[], %(versions)s::int[]) as asked (stream, version),
lateral (
  select data ->> 'process' as process, coalesce(data ->> 'to_version', data ->> 'process_version')::int as process_version
  from log.event
  where stream = asked.stream and version <= asked.version and type in ('run_started', 'run_migrated')
  order by version desc limit 1
) as found
