-- A calendar link opens what it was made for, and ends by itself.

set local search_path = log;

alter table access_token add column project uuid;
comment on column access_token.project is 'Of a calendar link: the project whose dues it shows; null: those of its maker.';
update access_token set expires_at = greatest(created_at + interval '1 year', clock_timestamp() + interval '30 days')
where 'calendar' = any(scopes) and expires_at is null;
