-- Saved views: whose they are, where they lead, and whether everybody sees them.

-- name: tables
create table saved_view (
  view uuid primary key,
  name text not null,
  page text not null,
  query text not null,
  shared boolean not null,
  owner text not null check (length(owner) <= 250),
  changed_at timestamptz not null
);

-- name: indexes
create index saved_view_of_owner on saved_view (owner);

-- name: list
select view, name, page, query, shared, owner, changed_at, count(*) over () from read.saved_view
where (owner = %(owner)s or shared) and (%(page)s::text is null or page = %(page)s)
order by owner <> %(owner)s, lower(name), view
limit %(limit)s offset %(after)s
