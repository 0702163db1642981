-- How many cards are alike. Cards of a project with the same hash (see board/rows.sql) are: an index alone counts them,
-- and one of each is looked at for what they have in common. Those of a process are few enough, or most of all.

-- name: by_hash
with alike as (
  select c.project, c.alike, any_value(c.card) as card, count(*) as cards from read.card c where {scope} group by 1, 2)
select c.project, c.process, c.kind, c.stage, c.life, c.ended_at is null as open, c.reached, a.cards
from alike a join read.card c on c.card = a.card

-- name: of_process
select c.project, c.process, c.kind, c.stage, c.life, c.ended_at is null as open, c.reached, count(*) as cards
from read.card c where c.process = %(process)s group by 1, 2, 3, 4, 5, 6, 7
