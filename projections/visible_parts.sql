-- What somebody sees of many: a condition on a table c with the columns project, process and card.

-- name: visible
(%(sees_everything)s or c.project = any(%(sees_projects)s) or c.card = any(%(sees_cards)s)
  or c.process = any(%(sees_processes)s) or (%(sees_every_run)s and c.process is not null))
