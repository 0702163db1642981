-- Files beside the log: their content under its SHA-256, in parts, so that nobody holds a whole file in memory.

set local search_path = log;

create table file (
  sha256 bytea primary key check (length(sha256) = 32),
  size_bytes bigint not null check (size_bytes >= 0),
  stored_at timestamptz not null default clock_timestamp()
);
comment on table file is 'Contents that events refer to by hash; a content is stored once and never changes.';

create table file_part (
  sha256 bytea not null references file,
  part int not null,
  content bytea not null,
  primary key (sha256, part)
);
alter table file_part alter column content set storage external;
comment on table file_part is 'A content in parts of one MiB, from 0.';
