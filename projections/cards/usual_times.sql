-- How long stages took: of each process the run that ended last, and the stages of its newest ended runs.

-- name: newest_ended
with recursive p (key) as (
  (select c.process from read.card c where c.kind = 'run' and c.ended_at is not null order by c.process limit 1)
  union all
  select (select c.process from read.card c where c.kind = 'run' and c.ended_at is not null and c.process > p.key
    order by c.process limit 1) from p where p.key is not null)
select p.key as process, n.card, n.version, n.ended_at from p, lateral (
  select c.card, c.version, c.ended_at from read.card c where c.kind = 'run' and c.process = p.key and c.ended_at <= %(at)s
  order by c.ended_at desc, c.card limit 1) n

-- name: passages
select stages from read.card
where kind = 'run' and process = %(process)s and ended_at <= %(at)s order by ended_at desc, card limit %(limit)s
