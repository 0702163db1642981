-- Child runs that were reopened, and how many reopenings their parents know of.

-- name: tables
create table reopened_child (
  child uuid not null,
  run uuid not null,
  reopenings int not null,
  primary key (child)
);
create table heard_reopening (
  run uuid not null,
  child uuid not null,
  reopenings int not null,
  primary key (run, child)
);

-- name: indexes
create index reopened_child_of_run on reopened_child (run);
