-- Search: names by any part of them, texts by words that begin with what is asked for. Values are looked at again before they
-- are shown. Every condition has an index of its own, made beside its table.

-- name: cards
select c.kind, c.card, c.name, c.project, c.process, c.stage, c.state, c.ended_at is not null, null, null
from (
  select card from read.card where name ilike %(part)s
  union
  select card from read.card where to_tsvector('simple', public.search_words(name || ' ' || description)) @@ public.search_query(%(text)s)
  union
  select run from read.run where to_tsvector('simple', public.search_words(subject)) @@ public.search_query(%(text)s)
) found join read.card c on c.card = found.card
where {visible}
order by c.ended_at is not null, (c.name ilike %(start)s) desc, (c.name ilike %(part)s) desc,
  public.similarity(c.name, %(text)s) desc, c.started_at desc, c.card
limit %(limit)s

-- name: steps
select 'step', i.work, i.title, i.project, i.process, i.stage, i.state, false, i.step, i.name
from read.inbox i
where i.kind = 'step' and {visible_step} and (i.title ilike %(part)s
  or to_tsvector('simple', public.search_words(i.title)) @@ public.search_query(%(text)s))
order by (i.title ilike %(start)s) desc, i.due_at nulls last, i.work, i.step
limit %(limit)s

-- name: people
select 'person', p.stream, p.name, null::uuid, null, null, case when p.active then 'active' else 'left' end, not p.active,
  p.person, null
from read.person p
where p.name ilike %(part)s or p.person ilike %(start)s or p.email ilike %(whole)s
  or to_tsvector('simple', public.search_words(p.name)) @@ public.search_query(%(text)s)
order by not p.active, (p.name ilike %(start)s) desc, p.name, p.person
limit %(limit)s

-- name: inputs
select r.run, r.name, r.project, r.process, r.process_version, 'inputs', r.inputs from read.run r
where to_tsvector('simple', public.search_words_in(r.inputs)) @@ public.search_query(%(text)s) and {concerned}
order by r.started_at desc, r.run limit %(limit)s

-- name: values
select r.run, r.name, r.project, r.process, r.process_version, s.step, s."values"
from read.run_step s join read.run r on r.run = s.run
where s."values" is not null
  and to_tsvector('simple', public.search_words_in(s."values")) @@ public.search_query(%(text)s) and {concerned}
order by r.started_at desc, r.run, s.step limit %(limit)s

-- name: projects_of
select p.project from read.project p where p.owner = %(who)s
union
select p.project from read.project p, jsonb_array_elements(p.members) m
where m ->> 'member' = %(who)s and m ->> 'access' in ('member', 'manager')
