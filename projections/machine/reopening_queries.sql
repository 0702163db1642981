-- Child runs that were reopened, and the steps that started them.

-- name: reopened_steps
select c.run, c.step from read.reopened_child r join read.child_run c on c.run = r.run and c.child = r.child

-- name: reopened_children
select r.run, r.child from read.reopened_child r
join read.child_run c on c.run = r.run and c.child = r.child
left join read.heard_reopening h on h.run = r.run and h.child = r.child
where c.heard is not null and coalesce(h.reopenings, 0) < r.reopenings and c.child <> all(%(apart)s)
order by r.child limit 100
