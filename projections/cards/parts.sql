-- Parts of statements about cards, whose table they call c; j knows the states that the clock decides.
-- Open and ended cards of a project have an index each: said apart, both are used, and no other card is read.

-- name: judged
read.card c left join unnest(%(judged)s::uuid[], %(states)s::text[]) as j (card, state) on j.card = c.card

-- name: filter
(%(person)s::text is null or c.who = %(person)s) and (%(process)s::text is null or c.process = %(process)s)
  and (%(priority)s::text is null or c.priority = %(priority)s) and (%(kind)s::text is null or c.kind = %(kind)s)
  and (%(label)s::text is null or %(label)s = any(c.labels))
  and (%(text)s::text is null or strpos(lower(c.name), lower(%(text)s)) > 0)
  and (%(stage)s::text is null or c.stage = %(stage)s or %(in_first)s and c.stage <> all(%(stages)s::text[]))
  and (%(state)s::text is null or coalesce(j.state, c.state) = %(state)s)

-- name: due_of_card
coalesce(c.due_at, (c.due_on + %(closes)s::time) at time zone %(zone)s)

-- name: of_project
c.project = %(project)s and (c.ended_at is null or c.ended_at is not null)

-- name: of_process
c.process = %(process)s
