"""Brings a database to the newest schema: numbered SQL files, each applied once, one migrator at a time."""

from __future__ import annotations

from hashlib import sha256
from importlib.resources import files
from typing import NamedTuple

import psycopg
from psycopg import Connection, sql

_LOCK = 0x6D_69_6C_65_70_6F_73_74  # "milepost"

_BOOK = """
create schema if not exists log;
create table if not exists log.migration (
  number int primary key, name text not null, checksum text not null,
  applied_at timestamptz not null default clock_timestamp())
"""
_ROLE_SETTINGS = (
    "statement_timeout = '15s'",
    "lock_timeout = '5s'",
    "idle_in_transaction_session_timeout = '5s'",
)
_MAY_SET_ROLE = """
select rolsuper or pg_has_role(current_user, %(role)s, 'USAGE WITH ADMIN OPTION')
from pg_roles where rolname = current_user
"""


class ChangedMigration(Exception):
    """A migration file that was applied before has another content now."""


class Migration(NamedTuple):
    """One numbered file."""

    number: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the file."""
        return sha256(self.text.encode()).hexdigest()


def migrations() -> list[Migration]:
    """All migrations, in order."""
    found = (
        entry
        for entry in files(__name__).iterdir()
        if entry.name[:4].isdigit() and entry.name.endswith(".sql")
    )
    return sorted(Migration(int(entry.name[:4]), entry.name, entry.read_text("utf-8")) for entry in found)


def migrate(owner_url: str, app_role: str = "milepost_app", app_password: str | None = None) -> list[str]:
    """Apply what is missing, as the owner of the database; return the names of the files applied.

    Any number of processes may call this at once. The application's role is created when it is missing, and gets
    exactly the rights of grants.sql every time.
    """
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", [_LOCK])
        with connection.transaction():
            applied = _apply(connection)
            _prepare_role(connection, app_role, app_password)
            _grant(connection, app_role)
        return applied


def pending(url: str) -> list[str]:
    """The names of the migrations that this database lacks."""
    with psycopg.connect(url) as connection:
        if connection.execute("select to_regclass('log.migration')").fetchone() == (None,):
            return [migration.name for migration in migrations()]
        numbers = {number for (number,) in connection.execute("select number from log.migration")}
        return [migration.name for migration in migrations() if migration.number not in numbers]


def _apply(connection: Connection) -> list[str]:
    connection.execute("set local client_min_messages = warning")
    connection.execute(_BOOK)
    before: dict[int, str] = dict(connection.execute("select number, checksum from log.migration").fetchall())
    missing = []
    for migration in migrations():
        if migration.number not in before:
            connection.execute(migration.text.encode())
            connection.execute(
                "insert into log.migration (number, name, checksum) values (%s, %s, %s)",
                [migration.number, migration.name, migration.checksum],
            )
            missing.append(migration.name)
        elif before[migration.number] != migration.checksum:
            raise ChangedMigration(f"{migration.name} was changed after it was applied to this database")
    return missing


def _prepare_role(connection: Connection, role: str, password: str | None) -> None:
    name = sql.Identifier(role)
    if connection.execute("select from pg_roles where rolname = %s", [role]).fetchone() is None:
        connection.execute(sql.SQL("create role {} login").format(name))
    allowed = connection.execute(_MAY_SET_ROLE, {"role": role}).fetchone()
    if allowed == (True,):
        for setting in _ROLE_SETTINGS:
            connection.execute(sql.SQL("alter role {} set " + setting).format(name))
        if password is not None:
            connection.execute(sql.SQL("alter role {} password {}").format(name, sql.Literal(password)))


def _grant(connection: Connection, role: str) -> None:
    text = files(__name__).joinpath("grants.sql").read_text("utf-8")
    database = sql.Identifier(connection.info.dbname)
    connection.execute(sql.SQL(text).format(app_role=sql.Identifier(role), database=database))
