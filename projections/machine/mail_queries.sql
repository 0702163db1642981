-- Mails: the actions of the kind email, in the words of the outbox.

-- name: worded
with mail as (
  select run, step, round, action, attempt, next_at, changed_at, coalesce(reason, nullif(result, 'sent')) reason, incident, name, step_title, test,
    case
      when state = 'succeeded' and result = 'no_address' then 'unsent'
      when state = 'succeeded' and result = 'superseded' then 'skipped'
      when state = 'succeeded' then 'sent'
      when state = 'started' then 'sending'
      when state = 'failed' and incident is null then 'queued'
      else state
    end as word
  from read.action
  where kind = 'email' and not starts_with(action, 'guest_address:') and (%(run)s::uuid is null or run = %(run)s)
    and (%(step)s::text is null or step = %(step)s) and (%(round)s::int is null or round = %(round)s)
    and (%(action)s::text is null or action = %(action)s)
)

-- name: mails
{worded}
select run, nullif(step, '') as step, round, action, word as state, attempt, next_at, changed_at as at, reason, incident,
  name as run_name, step_title, test
from mail where %(state)s::text is null or word = %(state)s
order by changed_at desc, run, mail.step, round, action limit %(limit)s offset %(after)s

-- name: mails_count
{worded}
select count(*) from mail where %(state)s::text is null or word = %(state)s

-- name: waiting
select count(*) from read.action
where kind = 'email' and incident is not null and not starts_with(action, 'guest_address:')
