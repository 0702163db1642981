-- What a board asks: its cards under a filter, and how many there are.

-- name: cards
select {card} from read.card c where c.card in (
  select p.card from (
    select c.card, row_number() over (partition by coalesce(array_position(%(stages)s::text[], c.stage), 1)
      order by c.rank is null, c.rank, c.started_at, c.card) as place
    from {judged} where c.project = %(project)s and c.ended_at is null and {filter}) p
  where p.place > %(after)s and (%(limit)s::int is null or p.place <= %(after)s + %(limit)s))
union all
select * from (
  select {card} from unnest(%(ended_stages)s::text[]) as s (key), lateral (
    select c.* from {judged} where c.project = %(project)s and c.stage = s.key and c.ended_at is not null and {filter}
    order by c.ended_at desc, c.card limit %(ended)s) c) ended

-- name: standing
select {card} from read.card c where c.project = %(project)s and c.ended_at is null

-- name: ended_counts
select c.stage, count(*) as cards from {judged} where c.project = %(project)s and c.ended_at is not null and {filter}
group by c.stage

-- name: standing_counts
select c.stage, count(*) as cards, count(*) filter (where d.at < %(now)s) as overdue,
  count(*) filter (where d.at >= %(now)s and d.at < %(soon)s) as soon
from {judged}, lateral (
  select least({due_of_card}, case when c.target_reached_at is null then c.target_at end) as at) d
where c.project = %(project)s and c.ended_at is null and {filter} group by c.stage

-- name: last_rank
select max(rank) from read.card where project = %(project)s and (stage = %(stage)s
  or %(in_first)s and stage <> all(%(stages)s::text[]))
