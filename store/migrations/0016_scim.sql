-- What the directory of the house calls people and groups here, for SCIM.

set local search_path = log;

create table scim_resource (
  kind text not null check (kind in ('User', 'Group')),
  key text not null,
  user_name text,
  external_id text,
  deleted boolean not null default false,
  primary key (kind, key)
);
create unique index on scim_resource (lower(user_name));
comment on table scim_resource is 'The userName and externalId by which a directory knows a person or group; deleted: not shown to it any more.';
