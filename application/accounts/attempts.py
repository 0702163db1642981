"""Counts tries to sign in, before they are looked at: so that many at once are no way around the waits."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection

from domain.throttling import ACCOUNT, ADDRESS, FORGOTTEN_AFTER, PAIR, Failures, Limit, wait

_THERE = """
insert into log.failed_sign_in (key, failures, last_at) select unnest(%s::bytea[]), 0, %s order by 1
on conflict do nothing
"""
_NOW = "select key, failures, last_at from log.failed_sign_in where key = any(%s) order by key for update"
_COUNT = "update log.failed_sign_in set failures = %s, last_at = %s where key = %s"
_FORGIVE = "delete from log.failed_sign_in where key = any(%s)"
_TAKE_BACK = "update log.failed_sign_in set failures = greatest(failures - 1, 0) where key = any(%s)"
_FORGET = "delete from log.failed_sign_in where last_at < %s"


@dataclass(frozen=True, slots=True)
class Counter:
    """One thing that is counted, and what slows it down."""

    key: bytes
    limit: Limit

    @classmethod
    def of(cls, limit: Limit, *names: str) -> Counter:
        """The counter of what is called so; nobody reads the names from it."""
        return cls(hashlib.sha256("\0".join(names).encode("utf-8", "surrogatepass")).digest(), limit)


def counters(account: str, address: str, browser: bytes | None) -> list[Counter]:
    """What a try counts for. A browser that the account knows has a counter of its own, and no other slows it down."""
    if browser is not None:
        return [Counter.of(PAIR, "browser", account, browser.hex())]
    return [
        Counter.of(PAIR, "pair", account, address),
        Counter.of(ADDRESS, "address", address),
        Counter.of(ACCOUNT, "account", account),
    ]


def count(connection: Connection[Any], counted: Sequence[Counter], *, at: datetime) -> timedelta:
    """Count a try as failed until it is forgiven, and answer nothing; or else how long it has to wait."""
    keys = sorted(counter.key for counter in counted)
    with connection.transaction():
        connection.execute(_THERE, [keys, at])
        known = {bytes(key): Failures(*more) for key, *more in connection.execute(_NOW, [keys])}
        waits = max(wait(known[counter.key], counter.limit, at=at) for counter in counted)
        if not waits:
            for key, failures in known.items():
                connection.execute(_COUNT, [failures.still_counting(at) + 1, at, key])
    return waits


def forgive(connection: Connection[Any], counted: Sequence[Counter]) -> None:
    """The try was right: what failed before at the same place is forgotten, and it itself counts nowhere else.

    Of the address only this try is taken back: many people share one, and who has one account guesses at others.
    """
    connection.execute(_FORGIVE, [[counter.key for counter in counted if counter.limit is not ADDRESS]])
    connection.execute(_TAKE_BACK, [[counter.key for counter in counted if counter.limit is ADDRESS]])


def forget(connection: Connection[Any], *, at: datetime) -> None:
    """Drop what counts no more."""
    connection.execute(_FORGET, [at - FORGOTTEN_AFTER])
