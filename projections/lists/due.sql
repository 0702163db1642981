-- The open cards of a project that are due between two instants, and who has open cards.

-- name: acting
select distinct c.who from read.card c where c.project = %(project)s and c.ended_at is null and c.who is not null
order by c.who

-- name: due
select {card} from read.card c where c.project = %(project)s and c.ended_at is null
  and ({due_of_card} >= %(begin)s and {due_of_card} < %(end)s or c.target_at >= %(begin)s and c.target_at < %(end)s)
