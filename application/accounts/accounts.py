"""Who signs in by themselves: accounts with their passwords, and the browsers that they know."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from domain.directory import Directory
from domain.mail_address import NoAddress, mail_address
from domain.words import Actor

_FIND = "select actor, scopes, password_hash, password_set_at from log.account where actor = %s"
_SET = """
insert into log.account (actor, scopes, password_hash, password_set_at)
values (%(actor)s, %(scopes)s, %(hash)s, clock_timestamp())
on conflict (actor) do update set password_hash = excluded.password_hash, password_set_at = excluded.password_set_at,
  scopes = case when %(anew)s then excluded.scopes else account.scopes end
"""
_REHASH = "update log.account set password_hash = %s where actor = %s and password_hash = %s"
_KNOWN = """
update log.known_browser set last_used_at = clock_timestamp() where token_hash = %s and actor = %s
returning token_hash
"""
_KNOW = "insert into log.known_browser (token_hash, actor) values (%s, %s)"
_FORGET_BROWSERS = """
delete from log.known_browser where actor = %s and token_hash not in (
  select token_hash from log.known_browser where actor = %s order by last_used_at desc limit 20)
"""
_EMAIL = """
select data->>'email' from log.event
where stream = %s and type in ('person_added', 'person_changed') order by version desc limit 1
"""


@dataclass(frozen=True, slots=True)
class Account:
    """What signing in goes by; ``scopes`` are what somebody may do then at most."""

    actor: Actor
    scopes: list[str]
    password_hash: str | None
    password_set_at: datetime | None


def find(connection: Connection[Any], actor: str) -> Account | None:
    """The account of an actor."""
    with connection.cursor(row_factory=class_row(Account)) as cursor:
        return cursor.execute(_FIND, [actor]).fetchone()


def set_password(
    connection: Connection[Any],
    actor: str,
    password_hash: str,
    scopes: Collection[str],
    *,
    anew: bool = False,
) -> None:
    """This is the password from now on. ``scopes`` are for an account that is made by it, or with ``anew`` for any."""
    asked = {"actor": actor, "hash": password_hash, "scopes": list(scopes), "anew": anew}
    connection.execute(_SET, asked)


def keep_newer_hash(connection: Connection[Any], account: Account, password_hash: str) -> None:
    """The same password under today's parameters, unless it was changed meanwhile."""
    connection.execute(_REHASH, [password_hash, account.actor, account.password_hash])


def known_browser(connection: Connection[Any], actor: str | None, secret: str | None) -> bytes | None:
    """The hash of a browser's secret, where this account signed in with it before."""
    if actor is None or not secret:
        return None
    row = connection.execute(_KNOWN, [_digest(secret), actor]).fetchone()
    return None if row is None else bytes(row[0])


def know_browser(connection: Connection[Any], actor: str, secret: str) -> None:
    """From now on the account knows the browser with this secret; of very many the longest unused are forgotten."""
    connection.execute(_KNOW, [_digest(secret), actor])
    connection.execute(_FORGET_BROWSERS, [actor, actor])


def called(name: str, house: Directory) -> Actor | None:
    """Whom somebody means who types a key or a mail address to sign in; nobody where it could be two."""
    typed = name.strip().removeprefix("person:").casefold()
    if "@" not in typed:
        person = f"person:{typed}"
        return Actor(person) if house.is_active(person) else None
    meant = {typed, _canonical(typed)}
    found = [
        person
        for person, facts in house.people.items()
        if facts.active and facts.email is not None and _canonical(facts.email) in meant
    ]
    return Actor(found[0]) if len(found) == 1 else None


def email_of(connection: Connection[Any], stream: Any) -> str | None:
    """The mail address of somebody now, read from their own events."""
    row = connection.execute(_EMAIL, [stream]).fetchone()
    return None if row is None else row[0]


def _canonical(address: str) -> str:
    """The form in which two spellings of an address are the same; what is none stays as it is."""
    if address.isascii():
        return address.casefold()
    try:
        return str(mail_address(address)).casefold()
    except NoAddress:
        return address.casefold()


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
