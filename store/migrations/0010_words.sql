-- Search goes by words: letters and digits in one case, whatever signs stand between them.

-- A text with blanks instead of the signs that PostgreSQL's parser would keep words together by, as in an address or a number
-- of an order. What an index could not hold is not looked at.
create function public.search_words(told text) returns text language plpgsql immutable strict parallel safe as $$
begin
  told := left(told, 100000);
  if octet_length(told) = length(told) then  -- most texts, at half the time
    told := lower(told collate "C");
  else
    told := left(casefold(normalize(told, nfkc) collate "pg_unicode_fast"), 100000);
  end if;
  return replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(told, '.', ' '), '/', ' '), '@', ' '), '-', ' '), '_', ' '), '+', ' '), '&', ' '), '<', ' '), ':', ' '), '~', ' '), '?', ' '), '%', ' '), '=', ' '), '#', ' ');
end $$;

-- As above, of everything that a JSON value holds, its keys too.
create function public.search_words_in(told jsonb) returns text language plpgsql immutable strict parallel safe as $$
declare
  written text := left(told::text, 100000);
begin
  if strpos(written, '\') > 0 then
    written := regexp_replace(written, '\\(["\\/bfnrt]|u[0-9a-f]{4})', ' ', 'g');
  end if;
  return public.search_words(written);
end $$;

-- What finds a text in which every one of these words begins one of its own; null for a text without words.
create function public.search_query(asked text) returns tsquery language sql immutable strict parallel safe
return (select to_tsquery('simple'::regconfig, string_agg('''' || replace(word, '''', '''''') || ''':*', ' & '))
  from unnest(tsvector_to_array(to_tsvector('simple'::regconfig, public.search_words(asked)))) as w (word));
