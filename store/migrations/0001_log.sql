-- The log of events: one head, dense positions, one function that appends, and nothing that changes what was written.


set local search_path = log;

create table head (
  id int primary key check (id = 1),
  log uuid not null,
  position bigint not null check (position >= 0),
  recorded_at timestamptz not null
) with (fillfactor = 10);
comment on table head is 'One row: the name of this log and the position of its newest event. Its lock is what puts commits in order.';
insert into head (id, log, position, recorded_at) values (1, gen_random_uuid(), 0, '-infinity');

create table event (
  position bigint primary key,
  stream uuid not null,
  version int not null,
  type text not null,
  schema_version int not null,
  data json not null,
  meta json not null,
  occurred_at timestamptz not null,
  recorded_at timestamptz not null,
  hash bytea not null,
  constraint event_stream_version unique (stream, version)
);
comment on table event is 'Append-only. Positions are dense and in commit order, versions are dense in each stream, data and meta are kept byte for byte.';

create table command (
  id text primary key,
  fingerprint text not null,
  result text not null,
  first_position bigint not null,
  last_position bigint not null,
  recorded_at timestamptz not null
);
comment on table command is 'Commands that were accepted, written in the transaction of their events: a repeat is answered from here.';

create table writer (
  id uuid primary key,
  turn bigint not null,
  base bigint not null,
  verdicts text,
  recorded_at timestamptz not null
) with (fillfactor = 50);
comment on table writer is 'The last group of each writing process: what a lost answer to a commit is looked up in.';

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% on % is refused: events are never changed', tg_op, tg_table_name using errcode = 'insufficient_privilege';
end $$;

create trigger event_is_append_only before update or delete or truncate on event
  for each statement execute function refuse_change();
alter table event enable always trigger event_is_append_only;

-- One call appends the groups of many callers. A unit is what one caller sent: all of it is stored, or none.
-- verdicts: one letter a unit: a accepted, c conflict, r repeated command, m command id used for another request.
-- Accepted events take the positions base + 1, base + 2, … in the order of the call, so the caller can work them out.
create function append_events(
  p_writer uuid, p_turn bigint,
  p_streams uuid[], p_units int[],
  p_item_streams int[], p_item_expected int[], p_item_counts int[],
  p_types text[], p_schema_versions int[], p_datas text[], p_metas text[], p_occurred timestamptz[],
  p_commands text[], p_fingerprints text[], p_results text[],
  out base bigint, out verdicts text, out conflict_items int[], out conflict_actuals int[])
language plpgsql security definer
set search_path = pg_catalog, log, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
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
end $$;
comment on function append_events is 'The only way into the log.';

-- After a lost answer: what became of group p_turn? When it never happened it is fenced off, so that it never will.
create function settle_group(p_writer uuid, p_turn bigint, out base bigint, out verdicts text)
language plpgsql security definer set search_path = pg_catalog, log, pg_temp as $$
begin
  perform from head h where h.id = 1 for update;
  select w.base, w.verdicts into settle_group.base, settle_group.verdicts from writer w where w.id = p_writer and w.turn = p_turn;
  if not found then
    insert into writer as w values (p_writer, p_turn, 0, null, clock_timestamp())
      on conflict (id) do update set turn = excluded.turn, verdicts = null, recorded_at = excluded.recorded_at where w.turn < excluded.turn;
  end if;
end $$;
comment on function settle_group is 'The fate of a group whose answer was lost; one that was not stored never will be.';

create function retire_writer(p_writer uuid) returns void
language sql security definer set search_path = pg_catalog, log, pg_temp
begin atomic
  delete from log.writer where id = p_writer;
end;
comment on function retire_writer is 'Called by a writer that stops and waits for no answer.';
