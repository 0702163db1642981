-- Child runs that were reopened, and how many reopenings their parents know of.

-- name: tables
create table reopened_child (
  child uuid not null,
  run uuid not null,
  reopenings int not null,
  primary key (child)
);
create table heard_reopening (
  run uuid not null,
  child uuid not null,
  reopenings int not null,
  primary key (run, child)
);

-- name: indexes
create index reopened_child_of_run on reopened_child (run);

-- name: reopened_steps
select c.run, c.step from read.reopened_child r join read.child_run c on c.run = r.run and c.child = r.child

-- name: reopened_children
select r.run, r.child from read.reopened_child r
join read.child_run c on c.run = r.run and c.child = r.child
left join read.heard_reopening h on h.run = r.run and h.child = r.child
where c.heard is not null and coalesce(h.reopenings, 0) < r.reopenings and c.child <> all(%(apart)s)
order by r.child limit 100
