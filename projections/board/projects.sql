-- A project as it is kept.

-- name: project
select {columns_of_project} from read.project p where p.project = %(project)s
