"""How every connection to the database is set up, and what the server is asked before it is trusted."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import ConnectionPool

from store.errors import UnsafeServer

_LIMITS = (
    "-c statement_timeout=15s -c lock_timeout=5s -c idle_in_transaction_session_timeout=5s "
    "-c jit=off -c timezone=UTC"
)
_LENT_WITHIN_SECONDS = 5.0
"""How long somebody waits for a connection to be free, or a database to be there."""
_DURABILITY = (
    "select name, setting from pg_settings where name in ('fsync', 'full_page_writes', 'synchronous_commit')"
)


def conninfo(url: str, name: str) -> str:
    """``url`` with the application's limits and this name in pg_stat_activity."""
    given = conninfo_to_dict(url)
    options = f"{_LIMITS} {given.get('options') or ''}".strip()
    settings: dict[str, Any] = {
        "connect_timeout": 5,
        "tcp_user_timeout": 10_000,
        "keepalives_idle": 10,
        "application_name": f"milepost {name}",
    }
    return make_conninfo(**{**settings, **given, "options": options})


def connect(url: str, name: str) -> Connection:
    """A connection that commits each statement."""
    return psycopg.connect(conninfo(url, name), autocommit=True)


def make_lending_pool(url: str, name: str, size: int) -> ConnectionPool[Connection]:
    """As ``make_pool``, for who asks now and then and writes too: none is kept open in advance, none is lent dead."""
    return ConnectionPool(
        conninfo(url, name),
        kwargs={"autocommit": True},
        min_size=0,
        max_size=size,
        timeout=_LENT_WITHIN_SECONDS,
        reconnect_timeout=_LENT_WITHIN_SECONDS,
        check=ConnectionPool.check_connection,
        open=False,
    )


def make_pool(url: str, name: str, size: int) -> ConnectionPool[Connection]:
    """A closed pool of such connections; the caller opens it."""
    return ConnectionPool(
        conninfo(url, name),
        kwargs={"autocommit": True},
        min_size=1,
        max_size=size,
        open=False,
    )


def assert_durable(connection: Connection) -> None:
    """Refuse a server that could lose what it accepted."""
    settings: dict[str, str] = dict(connection.execute(_DURABILITY).fetchall())
    weak = [f"{name} = {value}" for name, value in settings.items() if value in ("off", "local")]
    if weak:
        raise UnsafeServer(f"the server may lose accepted events: {', '.join(sorted(weak))}")
