"""The database of this installation, for the verbs that work on it directly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import orjson

from milepost.cli.output import BAD_INPUT, UNREACHABLE, fail
from milepost.settings import Settings, SettingsError, load
from store.log import Log, Unavailable, UnsafeServer


def settings() -> Settings:
    """The settings, or the end of the program with a sentence that says which one is wrong."""
    try:
        return load()
    except SettingsError as error:
        fail(str(error), BAD_INPUT)


def application_url() -> str:
    """The application's database: MILEPOST_DATABASE_URL, else that of the running `milepost up` of this home."""
    return _url("database_url", settings().application_dsn)


def owner_url() -> str:
    """The same database as its owner, for migrations."""
    return _url("migration_database_url", settings().migration_dsn)


def _url(name: str, given: str | None) -> str:
    if given is not None:
        return given
    path = settings().home / "run" / "instance.json"
    try:
        return str(orjson.loads(path.read_bytes())[name])
    except (OSError, KeyError, orjson.JSONDecodeError):
        fail(f"no database: nothing runs in {path.parent.parent}; start `milepost up`, "
             "or set MILEPOST_DATABASE_URL", UNREACHABLE)  # fmt: skip


@contextmanager
def running_log() -> Iterator[Log]:
    """The log, started; stopped afterwards."""
    try:
        with Log(application_url()) as log:
            yield log
    except UnsafeServer as error:
        fail(str(error), BAD_INPUT)
    except Unavailable as error:
        fail(f"the database does not answer: {error}", UNREACHABLE)
