-- How a list of cards is sorted, what its groups are told by, and the place of a group among the others.

-- name: state
coalesce(j.state, c.state)

-- name: place
array_position(%(stages)s::text[], c.stage)

-- name: urgency
array_position(%(priorities)s::text[], c.priority)

-- name: due
{due_of_card} nulls last

-- name: sort_rank
coalesce({place}, 1), c.ended_at is not null, c.ended_at desc, case when c.ended_at is null then c.rank is null end,
  case when c.ended_at is null then c.rank end, case when c.ended_at is null then c.started_at end

-- name: sort_name
lower(c.name)

-- name: sort_stage
{place} nulls last, {sort_name}

-- name: sort_state
{state}, {sort_name}

-- name: sort_due
{due}, {sort_name}

-- name: sort_priority
{urgency}, {due}, {sort_name}

-- name: sort_progress
coalesce(c.progress, 0) desc, {sort_name}

-- name: sort_who
c.who is null, c.who, {due}

-- name: sort_started
c.started_at, {sort_name}

-- name: sort_target
c.target_at nulls last, {sort_name}

-- name: sort_ended
c.ended_at nulls last, {sort_name}

-- name: group_none
null::text

-- name: group_stage
c.stage

-- name: group_priority
c.priority

-- name: group_state
{state}

-- name: group_who
coalesce(c.who, '')

-- name: group_process
coalesce(c.process, '')

-- name: group_kind
c.kind

-- name: among_none
null::text

-- name: among_stage
{place} nulls last, c.stage

-- name: among_priority
{urgency}

-- name: among_state
{state}

-- name: among_who
{group_who}

-- name: among_process
{group_process}

-- name: among_kind
c.kind

-- name: open
c.ended_at is null

-- name: every
(c.ended_at is null or c.ended_at is not null)
