-- The open help of runs.

-- name: help_texts
select s.run, s.step, s.help, r.process, r.process_version from read.run_step s join read.run r on r.run = s.run
where s.run = any(%(runs)s) and s.help is not null order by s.run, s.step
