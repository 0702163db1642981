-- Who works here, groups and their members, and the turns that groups took.

-- name: tables
create table person (
  stream uuid primary key,
  person text not null check (length(person) <= 250),
  name text not null,
  email text,
  manager text,
  weekly_hours double precision,
  active boolean not null,
  reason text,
  added_at timestamptz,
  left_at timestamptz,
  version int not null
);
create table work_group (
  stream uuid primary key,
  work_group text not null check (length(work_group) <= 250),
  title text not null,
  state text not null,
  reason text,
  created_at timestamptz,
  version int not null
);
create table group_member (
  stream uuid not null,
  member text not null check (length(member) <= 250),
  work_group text not null,
  place int not null,
  primary key (stream, member)
);
create table group_draw (
  stream uuid not null,
  role text not null check (length(role) <= 250),
  work_group text not null check (length(work_group) <= 250),
  primary key (stream, role)
);

-- name: indexes
create index person_by_key on person (person);
create index work_group_by_key on work_group (work_group);
create index group_member_by_member on group_member (member);
create index group_draw_by_group on group_draw (work_group);
