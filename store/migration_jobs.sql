-- Migrations of many runs: what was asked for, how far each run is, and whom it has news for.

-- name: add_job
insert into log.migration_job (id, process, to_version, choices, reason, actor) values (%s, %s, %s, %s, %s, %s)
on conflict (id) do nothing

-- name: add_items
insert into log.migration_item (job, run, place, state, choices)
select %s, unnest(%s::uuid[]), unnest(%s::int[]), 'waiting', unnest(%s::jsonb[]) on conflict do nothing

-- name: next
select id, process, to_version, choices, reason, actor, asked_at, finished_at from log.migration_job
where finished_at is null order by asked_at limit 1

-- name: one
select id, process, to_version, choices, reason, actor, asked_at, finished_at from log.migration_job
where process = %s and id = %s

-- name: of_process
select id, process, to_version, choices, reason, actor, asked_at, finished_at from log.migration_job
where process = %s order by asked_at desc, id limit %s offset %s

-- name: count_of_process
select count(*) from log.migration_job where process = %s

-- name: waiting
select run, choices, tries from log.migration_item where job = %s and state = 'waiting' order by place limit %s

-- name: counts
select state, count(*) from log.migration_item where job = %s group by state

-- name: problems
select run, state, code, detail, tries from log.migration_item
where job = %s and state in ('refused', 'failed') order by place limit %s offset %s

-- name: announced
select coalesce(one->>'who', 'nobody') who, count(*)
from log.migration_item, jsonb_array_elements(news) one
where job = %s and one->>'what' = 'ready' group by who order by 2 desc, 1

-- name: mark
update log.migration_item i set state = n.state, code = n.code, detail = n.detail, tries = n.tries,
  news = n.news::jsonb, changed_at = clock_timestamp(),
  turn = case when n.mailed then (select j.turn from log.migration_job j where j.id = %s) end
from unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::int[], %s::text[], %s::bool[])
  as n (run, state, code, detail, tries, news, mailed)
where i.job = %s and i.run = n.run

-- name: call_off
update log.migration_item set state = 'refused', code = %s, detail = %s, changed_at = clock_timestamp()
where job = %s and state = 'waiting'

-- name: untold
select i.turn, i.run, i.news from log.migration_item i join log.migration_job j on j.id = i.job
where i.job = %s and i.turn > j.told order by i.turn, i.place

-- name: finish
update log.migration_job j set finished_at = clock_timestamp(), told = turn
where id = %s and not exists (select from log.migration_item i where i.job = j.id and i.state = 'waiting')

-- name: again
update log.migration_item set state = 'waiting', tries = 0, code = null, detail = null, choices = coalesce(%s, choices)
where job = %s and state in ('refused', 'failed') and (%s::uuid[] is null or run = any(%s))

-- name: open_again
update log.migration_job set finished_at = null, turn = turn + 1, actor = %s where id = %s
