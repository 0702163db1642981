-- What each run of a migration means for people, and how far they were told of it by mail.

set local search_path = log;

alter table migration_job add column turn int not null default 1;
alter table migration_job add column told int not null default 0;
comment on column migration_job.turn is 'Begins anew when runs are tried again: each turn is told of in mails of its own.';
comment on column migration_job.told is 'The last turn that people were told of.';

alter table migration_item add column turn int;
alter table migration_item add column news jsonb;
comment on column migration_item.news is 'Who has which step to do, is asked for what it lacks, has to wait with it, or has it no more.';
update migration_item set news = (
  select jsonb_agg(jsonb_build_object('who', nullif(who, 'nobody'), 'what', 'ready', 'title', '')) from unnest(announced) who
) where cardinality(announced) > 0;
alter table migration_item drop column announced;
