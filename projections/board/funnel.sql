-- How runs ended.

-- name: outcomes
select coalesce(c.outcome, c.life) as outcome, count(*) as runs from read.card c
where c.kind = 'run' and c.ended_at is not null and {scope} group by 1 order by 2 desc, 1
