-- The calendar that the dues of open steps follow, so that a change of the settings is noticed.

set local search_path = log;

create table calendar (
  id int primary key check (id = 1),
  name text not null,
  changing_to text,
  after_run uuid
);
comment on table calendar is 'The calendar of all dues; while changing_to is set, those of runs above after_run follow the old one.';
