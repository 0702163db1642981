-- What people and groups are called.

-- name: names_of
select person as who, name from read.person where person = any(%(people)s)
union all select work_group, title from read.work_group where work_group = any(%(people)s)
