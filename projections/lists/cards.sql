-- The cards of a project as a list: in any order, in any groups, a page at a time. {which} are open ones, or all.

-- name: scope
from {judged} where c.project = %(project)s and {which} and {filter}

-- name: page
select c.card, {group} {scope} order by {order} limit %(limit)s offset %(after)s

-- name: counts
select {group}, count(*) {scope} group by 1

-- name: every
select {card} {scope} order by {order}

-- name: acting
select distinct c.who from read.card c where c.project = %(project)s and c.ended_at is null and c.who is not null
order by c.who

-- name: due
select {card} from read.card c where c.project = %(project)s and c.ended_at is null
  and ({due} >= %(begin)s and {due} < %(end)s or c.target_at >= %(begin)s and c.target_at < %(end)s)
