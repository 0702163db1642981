-- The cards of a project as a list: in any order, in any groups, a page at a time. {which} are open ones, or all.

-- name: scope
from {judged} where c.project = %(project)s and {which} and {filter}

-- name: page
select c.card, {group} as group_key {scope} order by {order} limit %(limit)s offset %(after)s

-- name: counts
select {group} as group_key, count(*) as cards {scope} group by 1

-- name: every
select {card} {scope} order by {order}
