"""Writes down the schema that the migrations make, in an order that never changes."""

from __future__ import annotations

from typing import LiteralString

import psycopg

_TABLES: LiteralString = """
select format(E'create table %s (\n%s\n)%s;', c.oid::regclass,
  string_agg(format('  %I %s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
    case when a.attnotnull then ' not null' else '' end,
    coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')), E',\n' order by a.attnum),
  coalesce(' with (' || array_to_string(c.reloptions, ', ') || ')', ''))
from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
where c.relnamespace = 'log'::regnamespace and c.relkind = 'r'
group by c.oid, c.reloptions order by c.oid::regclass::text
"""
_CONSTRAINTS: LiteralString = """
select format('alter table %s add constraint %I %s;', conrelid::regclass, conname, pg_get_constraintdef(oid))
from pg_constraint where connamespace = 'log'::regnamespace and contype <> 'n'
order by conrelid::regclass::text, conname
"""
_INDEXES: LiteralString = """
select pg_get_indexdef(i.indexrelid) || ';' from pg_index i join pg_class c on c.oid = i.indrelid
where c.relnamespace = 'log'::regnamespace
and not exists (select from pg_constraint k where k.conindid = i.indexrelid)
order by i.indexrelid::regclass::text
"""
_FUNCTIONS: LiteralString = """
select regexp_replace(pg_get_functiondef(oid), E'\\s+$', '') || ';' from pg_proc
where pronamespace = 'log'::regnamespace order by proname
"""
_TRIGGERS: LiteralString = """
select pg_get_triggerdef(t.oid) || ';' || case when t.tgenabled = 'A'
  then format(E'\nalter table %s enable always trigger %I;', t.tgrelid::regclass, t.tgname) else '' end
from pg_trigger t join pg_class c on c.oid = t.tgrelid
where c.relnamespace = 'log'::regnamespace and not t.tgisinternal order by t.tgname
"""
_COMMENTS: LiteralString = """
select format('comment on table %s is %L;', c.oid::regclass, obj_description(c.oid, 'pg_class'))
from pg_class c where c.relnamespace = 'log'::regnamespace and obj_description(c.oid, 'pg_class') is not null
order by c.oid::regclass::text
"""
_GRANTS: LiteralString = """
select format('grant %s on table %s to %I;', string_agg(lower(g.privilege_type), ', ' order by g.privilege_type),
  c.oid::regclass, r.rolname)
from pg_class c, aclexplode(c.relacl) g join pg_roles r on r.oid = g.grantee
where c.relnamespace = 'log'::regnamespace and c.relkind = 'r' and g.grantee <> c.relowner
group by c.oid, r.rolname
union all
select format('grant execute on function %s to %I;', p.oid::regprocedure, r.rolname)
from pg_proc p, aclexplode(p.proacl) g join pg_roles r on r.oid = g.grantee
where p.pronamespace = 'log'::regnamespace and g.grantee <> p.proowner
order by 1
"""
_PARTS = (_TABLES, _CONSTRAINTS, _INDEXES, _FUNCTIONS, _TRIGGERS, _COMMENTS, _GRANTS)


def dump(url: str) -> str:
    """The schema of the database at ``url`` as SQL: tables, constraints, indexes, functions, triggers, grants."""
    with psycopg.connect(url) as connection:
        connection.execute("set local search_path = pg_catalog")
        parts = [text for query in _PARTS for (text,) in connection.execute(query)]
    return (
        "-- The schema that the migrations make; written by `make generate`.\n\n" + "\n\n".join(parts) + "\n"
    )
