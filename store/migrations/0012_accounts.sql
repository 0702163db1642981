-- How people sign in: passwords, what slows guessing down, links by mail, and what happened.

set local search_path = log;

create table account (
  actor text primary key check (actor like 'person:%'),
  scopes text[] not null,
  created_at timestamptz not null default clock_timestamp(),
  password_hash text,
  password_set_at timestamptz,
  check ((password_hash is null) = (password_set_at is null))
);
comment on table account is 'Who signs in by themselves, and what they may do then at most; of a password only its argon2id hash.';

create table failed_sign_in (
  key bytea primary key,
  failures int not null check (failures >= 0),
  last_at timestamptz not null
) with (fillfactor = 70);
comment on table failed_sign_in is 'How often signing in failed lately, by hashes of account and address.';

create table known_browser (
  token_hash bytea primary key,
  actor text not null,
  last_used_at timestamptz not null default clock_timestamp()
);
create index known_browser_actor on known_browser (actor);
comment on table known_browser is 'Browsers in which somebody signed in before: who guesses elsewhere does not slow them down.';

create table account_mail (
  id uuid primary key,
  actor text not null,
  kind text not null check (kind in ('invitation', 'reset')),
  scopes text[] not null,
  asked_by text,
  asked_at timestamptz not null default clock_timestamp(),
  due_at timestamptz not null default clock_timestamp(),
  attempts int not null default 0,
  ended_at timestamptz,
  failure text
);
create index account_mail_due on account_mail (due_at) where ended_at is null;
comment on table account_mail is 'Mails with a link that were asked for; the link itself is made when it is sent.';

alter table access_token
  add column purpose text check (purpose in ('invitation', 'reset')),
  add column mailed_to text;

alter table session
  add column idle interval,
  add column signed_in_by text not null default 'link',
  add column address text,
  add column device text;

create table security_event (
  id bigint generated always as identity primary key,
  happened_at timestamptz not null default clock_timestamp(),
  kind text not null,
  actor text,
  caused_by text,
  address text,
  facts jsonb not null default '{}'
);
create index security_event_actor on security_event (actor, id);
comment on table security_event is 'Who came in, who was turned away, and what changed about it; written with what it tells, never changed.';
