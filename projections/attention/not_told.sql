-- As much of runs as the addresses of their guests are found by.

-- name: guests
select run, process, process_version, roles, inputs from read.run where run = any(%(runs)s)

-- name: given
select run, step, "values" from read.run_step
where (run, step) in (select * from unnest(%(runs)s::uuid[], %(steps)s::text[])) and "values" is not null
