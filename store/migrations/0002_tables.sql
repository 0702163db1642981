-- The tables beside the log: how far consumers are, what they gave up on, and who may come in.

set local search_path = log;

create table checkpoint (
  name text primary key,
  position bigint not null check (position >= 0),
  moved_at timestamptz not null default clock_timestamp()
) with (fillfactor = 50);
comment on table checkpoint is 'The position each consumer has committed, moved by compare-and-swap with what it wrote.';

create table parked (
  projection text not null,
  stream uuid not null,
  position bigint not null,
  error text not null,
  parked_at timestamptz not null default clock_timestamp(),
  primary key (projection, stream)
);
comment on table parked is 'Streams that a projection gave up on, with the event that stopped it.';

create table access_token (
  id uuid primary key,
  token_hash bytea not null unique,
  actor text not null,
  scopes text[] not null,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz
);
comment on table access_token is 'API tokens and first-login links; only hashes are kept.';

create table session (
  id uuid primary key,
  token_hash bytea not null unique,
  actor text not null,
  scopes text[] not null,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  revoked_at timestamptz,
  last_used_at timestamptz
);
comment on table session is 'Signed-in browsers; only hashes of the cookie are kept.';
