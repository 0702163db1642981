-- A second factor for those who want one: codes of an app, and recovery codes; and who is half-way in.

set local search_path = log;

create table second_factor (
  actor text primary key check (actor like 'person:%'),
  secret text not null,
  confirmed_at timestamptz,
  last_step bigint not null default 0,
  created_at timestamptz not null default clock_timestamp()
);
comment on table second_factor is 'The secrets that apps make codes of. It counts once it is confirmed; last_step: each code works once.';

create table recovery_code (
  actor text not null references second_factor on delete cascade,
  code_hash bytea not null,
  primary key (actor, code_hash)
);
comment on table recovery_code is 'Codes for those who lost their app; only hashes, and none that was used.';

create table half_sign_in (
  token_hash bytea primary key,
  actor text not null,
  password_hash text not null,
  expires_at timestamptz not null
);
comment on table half_sign_in is 'Who gave the right password and is asked for a code; only hashes of what the browser sends back.';
