-- What concerns somebody: names are a person's and those of their groups.

-- name: projects_of
select project from read.project where owner = any(%(names)s)
  or exists (select from jsonb_array_elements(members) m where m ->> 'member' = any(%(names)s))

-- name: cards_of
select run from read.run where started_by = any(%(names)s)
union select run from read.run where jsonb_path_query_array(roles, '$.*') ?| %(names)s
union select run from read.run_step where assignee = any(%(names)s) and state in ('locked', 'ready', 'in_progress')
union select work from read.inbox where assignee = any(%(names)s)

-- name: moved_since
select distinct e.stream from log.event e
where e.position > (select coalesce(min(c.position), 0) from read.generation g join log.checkpoint c on c.name = g.schema
  where g.state = 'live' and g.projection in ('run_steps', 'inbox', 'board')) and e.stream = any(%(cards)s)

-- name: places
select card, project, process from read.card where card = any(%(cards)s)
