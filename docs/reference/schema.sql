-- The schema that the migrations make; written by `make generate`.

create table log.access_token (
  id uuid not null,
  token_hash bytea not null,
  actor text not null,
  scopes text[] not null,
  created_at timestamp with time zone not null default clock_timestamp(),
  expires_at timestamp with time zone,
  revoked_at timestamp with time zone,
  last_used_at timestamp with time zone,
  purpose text,
  mailed_to text,
  project uuid
);

create table log.account (
  actor text not null,
  scopes text[] not null,
  created_at timestamp with time zone not null default clock_timestamp(),
  password_hash text,
  password_set_at timestamp with time zone
);

create table log.account_mail (
  id uuid not null,
  actor text not null,
  kind text not null,
  scopes text[] not null,
  asked_by text,
  asked_at timestamp with time zone not null default clock_timestamp(),
  due_at timestamp with time zone not null default clock_timestamp(),
  attempts integer not null default 0,
  ended_at timestamp with time zone,
  failure text
);

create table log.calendar (
  id integer not null,
  name text not null,
  changing_to text,
  after_run uuid
);

create table log.checkpoint (
  name text not null,
  "position" bigint not null,
  moved_at timestamp with time zone not null default clock_timestamp()
) with (fillfactor=50);

create table log.command (
  id text not null,
  fingerprint text not null,
  result text not null,
  first_position bigint not null,
  last_position bigint not null,
  recorded_at timestamp with time zone not null
);

create table log.event (
  "position" bigint not null,
  stream uuid not null,
  version integer not null,
  type text not null,
  schema_version integer not null,
  data json not null,
  meta json not null,
  occurred_at timestamp with time zone not null,
  recorded_at timestamp with time zone not null,
  hash bytea not null
);

create table log.failed_sign_in (
  key bytea not null,
  failures integer not null,
  last_at timestamp with time zone not null
) with (fillfactor=70);

create table log.file (
  sha256 bytea not null,
  size_bytes bigint not null,
  stored_at timestamp with time zone not null default clock_timestamp()
);

create table log.file_part (
  sha256 bytea not null,
  part integer not null,
  content bytea not null
);

create table log.guest_link (
  id text not null,
  run uuid not null,
  step text not null,
  round integer not null,
  role text not null,
  holder bytea not null,
  expires_at timestamp with time zone not null,
  opened_at timestamp with time zone,
  seen_at timestamp with time zone,
  code_action text,
  code_tries integer not null default 0
);

create table log.half_sign_in (
  token_hash bytea not null,
  actor text not null,
  password_hash text not null,
  expires_at timestamp with time zone not null
);

create table log.head (
  id integer not null,
  log uuid not null,
  "position" bigint not null,
  recorded_at timestamp with time zone not null
) with (fillfactor=10);

create table log.identity (
  issuer text not null,
  subject text not null,
  actor text not null,
  linked_at timestamp with time zone not null default clock_timestamp(),
  last_used_at timestamp with time zone
);

create table log.known_browser (
  token_hash bytea not null,
  actor text not null,
  last_used_at timestamp with time zone not null default clock_timestamp()
);

create table log.migration (
  number integer not null,
  name text not null,
  checksum text not null,
  applied_at timestamp with time zone not null default clock_timestamp()
);

create table log.migration_item (
  job uuid not null,
  run uuid not null,
  place integer not null,
  state text not null,
  choices jsonb,
  code text,
  detail text,
  tries integer not null default 0,
  changed_at timestamp with time zone not null default clock_timestamp(),
  turn integer,
  news jsonb
);

create table log.migration_job (
  id uuid not null,
  process text not null,
  to_version integer not null,
  choices jsonb not null,
  reason text,
  actor text not null,
  asked_at timestamp with time zone not null default clock_timestamp(),
  finished_at timestamp with time zone,
  turn integer not null default 1,
  told integer not null default 0
);

create table log.parked (
  projection text not null,
  stream uuid not null,
  "position" bigint not null,
  error text not null,
  parked_at timestamp with time zone not null default clock_timestamp()
);

create table log.provider_attempt (
  state_hash bytea not null,
  browser_hash bytea not null,
  nonce text not null,
  verifier text not null,
  wanted text not null,
  link_hash bytea,
  actor text,
  expires_at timestamp with time zone not null
);

create table log.recovery_code (
  actor text not null,
  code_hash bytea not null
);

create table log.relay (
  id integer not null,
  mark_key text not null,
  unmarked boolean not null default true
);

create table log.scim_resource (
  kind text not null,
  key text not null,
  user_name text,
  external_id text,
  deleted boolean not null default false
);

create table log.second_factor (
  actor text not null,
  secret text not null,
  confirmed_at timestamp with time zone,
  last_step bigint not null default 0,
  created_at timestamp with time zone not null default clock_timestamp()
);

create table log.security_event (
  id bigint not null,
  happened_at timestamp with time zone not null default clock_timestamp(),
  kind text not null,
  actor text,
  caused_by text,
  address text,
  facts jsonb not null default '{}'::jsonb
);

create table log.session (
  id uuid not null,
  token_hash bytea not null,
  actor text not null,
  scopes text[] not null,
  created_at timestamp with time zone not null default clock_timestamp(),
  expires_at timestamp with time zone not null,
  revoked_at timestamp with time zone,
  last_used_at timestamp with time zone,
  idle interval,
  signed_in_by text not null default 'link'::text,
  address text,
  device text
);

create table log.subscriber (
  name text not null,
  subjects text[] not null,
  from_start boolean not null,
  added_at timestamp with time zone not null default clock_timestamp()
);

create table log.writer (
  id uuid not null,
  turn bigint not null,
  base bigint not null,
  verdicts text,
  recorded_at timestamp with time zone not null
) with (fillfactor=50);

alter table log.access_token add constraint access_token_pkey PRIMARY KEY (id);

alter table log.access_token add constraint access_token_purpose_check CHECK ((purpose = ANY (ARRAY['invitation'::text, 'reset'::text])));

alter table log.access_token add constraint access_token_token_hash_key UNIQUE (token_hash);

alter table log.account add constraint account_actor_check CHECK ((actor ~~ 'person:%'::text));

alter table log.account add constraint account_check CHECK (((password_hash IS NULL) = (password_set_at IS NULL)));

alter table log.account add constraint account_pkey PRIMARY KEY (actor);

alter table log.account_mail add constraint account_mail_kind_check CHECK ((kind = ANY (ARRAY['invitation'::text, 'reset'::text])));

alter table log.account_mail add constraint account_mail_pkey PRIMARY KEY (id);

alter table log.calendar add constraint calendar_id_check CHECK ((id = 1));

alter table log.calendar add constraint calendar_pkey PRIMARY KEY (id);

alter table log.checkpoint add constraint checkpoint_pkey PRIMARY KEY (name);

alter table log.checkpoint add constraint checkpoint_position_check CHECK (("position" >= 0));

alter table log.command add constraint command_pkey PRIMARY KEY (id);

alter table log.event add constraint event_pkey PRIMARY KEY ("position");

alter table log.event add constraint event_stream_version UNIQUE (stream, version);

alter table log.failed_sign_in add constraint failed_sign_in_failures_check CHECK ((failures >= 0));

alter table log.failed_sign_in add constraint failed_sign_in_pkey PRIMARY KEY (key);

alter table log.file add constraint file_pkey PRIMARY KEY (sha256);

alter table log.file add constraint file_sha256_check CHECK ((length(sha256) = 32));

alter table log.file add constraint file_size_bytes_check CHECK ((size_bytes >= 0));

alter table log.file_part add constraint file_part_pkey PRIMARY KEY (sha256, part);

alter table log.file_part add constraint file_part_sha256_fkey FOREIGN KEY (sha256) REFERENCES log.file(sha256);

alter table log.guest_link add constraint guest_link_id_check CHECK ((id ~ '^[0-9a-f]{16}$'::text));

alter table log.guest_link add constraint guest_link_pkey PRIMARY KEY (id);

alter table log.half_sign_in add constraint half_sign_in_pkey PRIMARY KEY (token_hash);

alter table log.head add constraint head_id_check CHECK ((id = 1));

alter table log.head add constraint head_pkey PRIMARY KEY (id);

alter table log.head add constraint head_position_check CHECK (("position" >= 0));

alter table log.identity add constraint identity_actor_check CHECK ((actor ~~ 'person:%'::text));

alter table log.identity add constraint identity_pkey PRIMARY KEY (issuer, subject);

alter table log.known_browser add constraint known_browser_pkey PRIMARY KEY (token_hash);

alter table log.migration add constraint migration_pkey PRIMARY KEY (number);

alter table log.migration_item add constraint migration_item_job_fkey FOREIGN KEY (job) REFERENCES log.migration_job(id);

alter table log.migration_item add constraint migration_item_pkey PRIMARY KEY (job, run);

alter table log.migration_item add constraint migration_item_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'migrated'::text, 'refused'::text, 'failed'::text])));

alter table log.migration_job add constraint migration_job_pkey PRIMARY KEY (id);

alter table log.parked add constraint parked_pkey PRIMARY KEY (projection, stream);

alter table log.provider_attempt add constraint provider_attempt_pkey PRIMARY KEY (state_hash);

alter table log.recovery_code add constraint recovery_code_actor_fkey FOREIGN KEY (actor) REFERENCES log.second_factor(actor) ON DELETE CASCADE;

alter table log.recovery_code add constraint recovery_code_pkey PRIMARY KEY (actor, code_hash);

alter table log.relay add constraint relay_id_check CHECK ((id = 1));

alter table log.relay add constraint relay_pkey PRIMARY KEY (id);

alter table log.scim_resource add constraint scim_resource_kind_check CHECK ((kind = ANY (ARRAY['User'::text, 'Group'::text])));

alter table log.scim_resource add constraint scim_resource_pkey PRIMARY KEY (kind, key);

alter table log.second_factor add constraint second_factor_actor_check CHECK ((actor ~~ 'person:%'::text));

alter table log.second_factor add constraint second_factor_pkey PRIMARY KEY (actor);

alter table log.security_event add constraint security_event_pkey PRIMARY KEY (id);

alter table log.session add constraint session_pkey PRIMARY KEY (id);

alter table log.session add constraint session_token_hash_key UNIQUE (token_hash);

alter table log.subscriber add constraint subscriber_name_check CHECK ((name ~ '^[a-z][a-z0-9_]{0,31}$'::text));

alter table log.subscriber add constraint subscriber_pkey PRIMARY KEY (name);

alter table log.subscriber add constraint subscriber_subjects_check CHECK ((cardinality(subjects) > 0));

alter table log.writer add constraint writer_pkey PRIMARY KEY (id);

CREATE INDEX account_mail_due ON log.account_mail USING btree (due_at) WHERE (ended_at IS NULL);

CREATE INDEX event_house_roles ON log.event USING btree (stream) WHERE (type = 'house_role_granted'::text);

CREATE INDEX guest_link_of_run ON log.guest_link USING btree (run);

CREATE INDEX identity_actor ON log.identity USING btree (actor);

CREATE INDEX known_browser_actor ON log.known_browser USING btree (actor);

CREATE INDEX migration_item_waiting ON log.migration_item USING btree (job, place) WHERE (state = 'waiting'::text);

CREATE INDEX provider_attempt_expires ON log.provider_attempt USING btree (expires_at);

CREATE UNIQUE INDEX scim_resource_lower_idx ON log.scim_resource USING btree (lower(user_name));

CREATE INDEX security_event_actor ON log.security_event USING btree (actor, id);

CREATE OR REPLACE FUNCTION log.append_events(p_writer uuid, p_turn bigint, p_streams uuid[], p_units integer[], p_item_streams integer[], p_item_expected integer[], p_item_counts integer[], p_types text[], p_schema_versions integer[], p_datas text[], p_metas text[], p_occurred timestamp with time zone[], p_commands text[], p_fingerprints text[], p_results text[], OUT base bigint, OUT verdicts text, OUT conflict_items integer[], OUT conflict_actuals integer[])
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'log', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET jit TO 'off'
AS $function$
declare
  instant timestamptz;
  instant_us bigint;
  place bigint;
  lasts int[];
  chains bytea[];
  befores int[];
  known text[];
  events int := cardinality(p_types);
  positions bigint[] := array_fill(null::bigint, array[events]);
  streams uuid[] := array_fill(null::uuid, array[events]);
  versions int[] := array_fill(null::int, array[events]);
  hashes bytea[] := array_fill(null::bytea, array[events]);
  command_firsts bigint[];
  command_lasts bigint[];
  item int := 0;
  e int := 0;
  s int;
  verdict text;
begin
  select h.position, greatest(h.recorded_at, clock_timestamp()) into strict base, instant from head h where h.id = 1 for update;
  instant_us := (extract(epoch from instant) * 1000000)::bigint;
  place := base;
  verdicts := '';
  select array_agg(coalesce(l.version, -1) order by u.ord), array_agg(coalesce(l.hash, decode(repeat('00', 32), 'hex')) order by u.ord)
    into lasts, chains
    from unnest(p_streams) with ordinality as u (stream, ord)
    left join lateral (select v.version, v.hash from event v where v.stream = u.stream order by v.version desc limit 1) l on true;
  if p_commands is not null then
    select array_agg(c.fingerprint order by u.ord) into known
      from unnest(p_commands) with ordinality as u (id, ord) left join command c on c.id = u.id;
    command_firsts := array_fill(null::bigint, array[cardinality(p_commands)]);
    command_lasts := command_firsts;
  end if;

  for unit in 1 .. cardinality(p_units) loop
    verdict := case when known[unit] is null then 'a' when known[unit] = p_fingerprints[unit] then 'r' else 'm' end;
    if verdict = 'a' then
      for i in item + 1 .. item + p_units[unit] loop
        s := p_item_streams[i];
        befores[i] := lasts[s];
        if lasts[s] = p_item_expected[i] or (lasts[s] = -1 and p_item_expected[i] = 0) then
          lasts[s] := p_item_expected[i] + p_item_counts[i];
        else
          verdict := 'c';
          conflict_items := conflict_items || (i - item);
          conflict_actuals := conflict_actuals || greatest(lasts[s], 0);
          for back in reverse i .. item + 1 loop
            lasts[p_item_streams[back]] := befores[back];
          end loop;
          exit;
        end if;
      end loop;
    end if;
    verdicts := verdicts || verdict;
    if verdict = 'a' and p_commands[unit] is not null then
      command_firsts[unit] := place + 1;
    end if;
    for i in item + 1 .. item + p_units[unit] loop
      if verdict = 'a' then
        s := p_item_streams[i];
        for step in 1 .. p_item_counts[i] loop
          e := e + 1;
          place := place + 1;
          positions[e] := place;
          streams[e] := p_streams[s];
          versions[e] := p_item_expected[i] + step;
          chains[s] := sha256(chains[s] || convert_to(concat_ws(' ', place, p_streams[s], versions[e], p_schema_versions[e],
            (extract(epoch from p_occurred[e]) * 1000000)::bigint, instant_us,
            octet_length(p_types[e]), octet_length(p_datas[e]), octet_length(p_metas[e]),
            p_types[e] || p_datas[e] || p_metas[e]), 'UTF8'));
          hashes[e] := chains[s];
        end loop;
      else
        e := e + p_item_counts[i];
      end if;
    end loop;
    if verdict = 'a' and p_commands[unit] is not null then
      command_lasts[unit] := place;
    end if;
    item := item + p_units[unit];
  end loop;

  if place > base then
    insert into event (position, stream, version, type, schema_version, data, meta, occurred_at, recorded_at, hash)
      select u.position, u.stream, u.version, u.type, u.schema_version, u.data::json, u.meta::json, u.occurred_at, instant, u.hash
      from unnest(positions, streams, versions, p_types, p_schema_versions, p_datas, p_metas, p_occurred, hashes)
        as u (position, stream, version, type, schema_version, data, meta, occurred_at, hash)
      where u.position is not null;
    update head h set position = place, recorded_at = instant where h.id = 1;
  end if;
  if p_commands is not null then
    insert into command (id, fingerprint, result, first_position, last_position, recorded_at)
      select u.id, u.fingerprint, u.result, u.first_position, u.last_position, instant
      from unnest(p_commands, p_fingerprints, p_results, command_firsts, command_lasts)
        as u (id, fingerprint, result, first_position, last_position)
      where u.first_position is not null;
  end if;
  update writer w set turn = p_turn, base = append_events.base, verdicts = append_events.verdicts, recorded_at = instant
    where w.id = p_writer and w.turn < p_turn;
  if not found then
    if exists (select from writer w where w.id = p_writer) then
      raise exception 'this group was given up' using errcode = 'object_not_in_prerequisite_state';
    end if;
    delete from writer w where w.recorded_at < instant - interval '7 days';
    insert into writer values (p_writer, p_turn, base, verdicts, instant);
  end if;
end $function$
;

CREATE OR REPLACE FUNCTION log.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception '% on % is refused: events are never changed', tg_op, tg_table_name using errcode = 'insufficient_privilege';
end $function$
;

CREATE OR REPLACE FUNCTION log.retire_writer(p_writer uuid)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'log', 'pg_temp'
BEGIN ATOMIC
 DELETE FROM log.writer
   WHERE (writer.id = retire_writer.p_writer);
END
;

CREATE OR REPLACE FUNCTION log.settle_group(p_writer uuid, p_turn bigint, OUT base bigint, OUT verdicts text)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'log', 'pg_temp'
AS $function$
begin
  perform from head h where h.id = 1 for update;
  select w.base, w.verdicts into settle_group.base, settle_group.verdicts from writer w where w.id = p_writer and w.turn = p_turn;
  if not found then
    insert into writer as w values (p_writer, p_turn, 0, null, clock_timestamp())
      on conflict (id) do update set turn = excluded.turn, verdicts = null, recorded_at = excluded.recorded_at where w.turn < excluded.turn;
  end if;
end $function$
;

CREATE TRIGGER event_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON log.event FOR EACH STATEMENT EXECUTE FUNCTION log.refuse_change();
alter table log.event enable always trigger event_is_append_only;

comment on table log.access_token is 'API tokens and first-login links; only hashes are kept.';

comment on table log.account is 'Who signs in by themselves, and what they may do then at most; of a password only its argon2id hash.';

comment on table log.account_mail is 'Mails with a link that were asked for; the link itself is made when it is sent.';

comment on table log.calendar is 'The calendar of all dues; while changing_to is set, those of runs above after_run follow the old one.';

comment on table log.checkpoint is 'The position each consumer has committed, moved by compare-and-swap with what it wrote.';

comment on table log.command is 'Commands that were accepted, written in the transaction of their events: a repeat is answered from here.';

comment on table log.event is 'Append-only. Positions are dense and in commit order, versions are dense in each stream, data and meta are kept byte for byte.';

comment on table log.failed_sign_in is 'How often signing in failed lately, by hashes of account and address.';

comment on table log.file is 'Contents that events refer to by hash; a content is stored once and never changes.';

comment on table log.file_part is 'A content in parts of one MiB, from 0.';

comment on table log.guest_link is 'Links of guests that somebody opened; id: part of the hash of the link, which is not kept. code_action: the mail of whose code the tries are counted.';

comment on table log.half_sign_in is 'Who gave the right password and is asked for a code; only hashes of what the browser sends back.';

comment on table log.head is 'One row: the name of this log and the position of its newest event. Its lock is what puts commits in order.';

comment on table log.identity is 'Who somebody is at a provider of identities: the issuer and its subject, never a mail address.';

comment on table log.known_browser is 'Browsers in which somebody signed in before: who guesses elsewhere does not slow them down.';

comment on table log.migration_item is 'The runs of a migration, one by one, with why one was refused.';

comment on table log.migration_job is 'Migrations of many runs of a process to one of its versions, as they were asked for.';

comment on table log.parked is 'Streams that a projection gave up on, with the event that stopped it.';

comment on table log.provider_attempt is 'Somebody who was sent to the provider and has not come back: used once, for ten minutes.';

comment on table log.recovery_code is 'Codes for those who lost their app; only hashes, and none that was used.';

comment on table log.relay is 'One row: the key of the marks on our messages. unmarked: messages of a release before the marks count as ours too.';

comment on table log.scim_resource is 'The userName and externalId by which a directory knows a person or group; deleted: not shown to it any more.';

comment on table log.second_factor is 'The secrets that apps make codes of. It counts once it is confirmed; last_step: each code works once.';

comment on table log.security_event is 'Who came in, who was turned away, and what changed about it; written with what it tells, never changed.';

comment on table log.session is 'Signed-in browsers; only hashes of the cookie are kept.';

comment on table log.subscriber is 'Services that read our messages, each through the consumer of its name.';

comment on table log.writer is 'The last group of each writing process: what a lost answer to a commit is looked up in.';

grant delete, insert, select on table log.subscriber to milepost_app;

grant delete, insert, select, update on table log.access_token to milepost_app;

grant delete, insert, select, update on table log.account to milepost_app;

grant delete, insert, select, update on table log.account_mail to milepost_app;

grant delete, insert, select, update on table log.checkpoint to milepost_app;

grant delete, insert, select, update on table log.failed_sign_in to milepost_app;

grant delete, insert, select, update on table log.half_sign_in to milepost_app;

grant delete, insert, select, update on table log.identity to milepost_app;

grant delete, insert, select, update on table log.known_browser to milepost_app;

grant delete, insert, select, update on table log.parked to milepost_app;

grant delete, insert, select, update on table log.provider_attempt to milepost_app;

grant delete, insert, select, update on table log.recovery_code to milepost_app;

grant delete, insert, select, update on table log.scim_resource to milepost_app;

grant delete, insert, select, update on table log.second_factor to milepost_app;

grant delete, insert, select, update on table log.session to milepost_app;

grant execute on function log.append_events(uuid,bigint,uuid[],integer[],integer[],integer[],integer[],text[],integer[],text[],text[],timestamp with time zone[],text[],text[],text[]) to milepost_app;

grant execute on function log.retire_writer(uuid) to milepost_app;

grant execute on function log.settle_group(uuid,bigint) to milepost_app;

grant insert, select on table log.file to milepost_app;

grant insert, select on table log.file_part to milepost_app;

grant insert, select on table log.security_event to milepost_app;

grant insert, select, update on table log.calendar to milepost_app;

grant insert, select, update on table log.guest_link to milepost_app;

grant insert, select, update on table log.migration_item to milepost_app;

grant insert, select, update on table log.migration_job to milepost_app;

grant select on table log.command to milepost_app;

grant select on table log.event to milepost_app;

grant select on table log.head to milepost_app;

grant select on table log.migration to milepost_app;

grant select on table log.relay to milepost_app;

grant select on table log.writer to milepost_app;
