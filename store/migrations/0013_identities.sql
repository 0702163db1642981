-- Signing in by a provider of identities (OpenID Connect).

set local search_path = log;

create table identity (
  issuer text not null,
  subject text not null,
  actor text not null check (actor like 'person:%'),
  linked_at timestamptz not null default clock_timestamp(),
  last_used_at timestamptz,
  primary key (issuer, subject)
);
create index identity_actor on identity (actor);
comment on table identity is 'Who somebody is at a provider of identities: the issuer and its subject, never a mail address.';

create table provider_attempt (
  state_hash bytea primary key,
  browser_hash bytea not null,
  nonce text not null,
  verifier text not null,
  wanted text not null,
  link_hash bytea,
  actor text,
  expires_at timestamptz not null
);
create index provider_attempt_expires on provider_attempt (expires_at);
comment on table provider_attempt is 'Somebody who was sent to the provider and has not come back: used once, for ten minutes.';
