-- What the worker asks to send digests.

-- name: versions
select distinct process, process_version as version from read.run where state = 'running' order by process, process_version

-- name: running
select r.run, case when %(after)s::text is null then r.started_at else s.ended_at end as since
from read.run r left join read.run_step s on s.run = r.run and s.step = %(after)s
where r.process = %(process)s and r.process_version = %(version)s and r.state = 'running'
  and (%(after)s::text is null or s.state = 'done')
