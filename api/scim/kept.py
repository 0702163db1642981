"""What a directory calls people and groups: kept beside the log, for nobody but the directory."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from psycopg import Connection
from psycopg.errors import UniqueViolation

from api.wire.scim import refusal

Kind = Literal["User", "Group"]
_READ = "select key, user_name, external_id, deleted from log.scim_resource where kind = %s"
_SAVE = """
insert into log.scim_resource (kind, key, user_name, external_id, deleted) values (%s, %s, %s, %s, %s)
on conflict (kind, key) do update
set user_name = excluded.user_name, external_id = excluded.external_id, deleted = excluded.deleted
"""
_LONGEST_KEY = 48
_CONFLICT = 409


@dataclass(frozen=True, slots=True)
class Kept:
    """How a directory knows somebody; ``deleted``: it does not any more."""

    key: str
    user_name: str | None = None
    external_id: str | None = None
    deleted: bool = False


def read(connection: Connection[Any], kind: Kind) -> dict[str, Kept]:
    """All of a kind by key."""
    return {row[0]: Kept(*row) for row in connection.execute(_READ, [kind])}


def save(connection: Connection[Any], kind: Kind, one: Kept) -> None:
    """Keep it. A refusal (``uniqueness``) where another has that userName."""
    try:
        with connection.transaction():
            connection.execute(_SAVE, [kind, one.key, one.user_name, one.external_id, one.deleted])
    except UniqueViolation:
        raise taken(one.user_name or one.key) from None


def taken(name: str) -> Exception:
    """The refusal of what is there already."""
    return refusal("uniqueness", f"{name} is there already", _CONFLICT)


def new_key(kind: Kind, name: str, taken_keys: Collection[str]) -> str:
    """A key for ever, made of a name: of a mail address what is before the at; a number where that is taken."""
    bare = unicodedata.normalize("NFKD", name.partition("@")[0] if kind == "User" else name).casefold()
    letters = bare.encode("ascii", "ignore").decode()
    if kind == "User":
        key = re.sub(r"[^a-z0-9._-]+", "-", letters).strip("._-")[:_LONGEST_KEY] or "person"
    else:
        key = re.sub(r"[^a-z0-9]+", "_", letters).strip("_")[:_LONGEST_KEY]
        key = key if key[:1].isalpha() else f"group_{key}".rstrip("_")
    between, number, found = ("-" if kind == "User" else "_"), 1, key
    while found in taken_keys:
        number += 1
        found = f"{key}{between}{number}"
    return found
