"""The secrets that calls carry in their headers: kept outside the documents, each for its own hosts."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from domain.storable import MOST_DEPTH
from domain.templates import SECRET
from workers.automations.targets import is_below

HIDDEN = "•••"


class NotSealed(Exception):
    """A secret that there is not, or that is not meant for this host; the text says which and what would do."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """One secret, and the hosts (``*.example.com`` for all below) that it may be sent to."""

    value: str
    hosts: tuple[str, ...]


class CallSecrets:
    """Every secret by its name. What is found here goes into a header and nowhere else."""

    def __init__(self, secrets: Mapping[str, Sealed] | None = None) -> None:
        self._secrets = dict(secrets or {})
        spellings = {one for sealed in self._secrets.values() for one in _spellings(sealed.value.strip())}
        self._hidden = sorted(spellings, key=len, reverse=True)

    def for_host(self, name: str, host: str) -> str:
        """The secret's value; NotSealed unless it is meant for this host."""
        found = self._secrets.get(name)
        if found is None:
            raise NotSealed(f"no secret is called {name}; MILEPOST_CALL_SECRETS holds them")
        if not is_below(host, found.hosts):
            raise NotSealed(
                f"the secret {name} is not for {host}; MILEPOST_CALL_SECRETS says for which hosts it is"
            )
        return found.value

    def hide(self, text: str) -> str:
        """The text without any secret that a service may have told back to us. Hide first and cut afterwards."""
        for spelling in self._hidden:
            text = text.replace(spelling, HIDDEN)
        return text

    def hide_in(self, value: Any, depth: int = 0) -> Any:
        """A JSON value without any secret; what is nested deeper than can be kept is left to whoever refuses it."""
        match value:
            case str():
                return self.hide(value)
            case list() if depth <= MOST_DEPTH:
                return [self.hide_in(part, depth + 1) for part in value]
            case dict() if depth <= MOST_DEPTH:
                return {self.hide(key): self.hide_in(part, depth + 1) for key, part in value.items()}
            case _:
                return value


def _spellings(secret: str) -> set[str]:
    """A secret as it is sent, and as it may come back in JSON or in an address."""
    in_json = json.dumps(secret)[1:-1]
    return {secret, in_json, in_json.replace("/", "\\/"), quote(secret), quote(secret, safe="")}


def call_secrets(text: str) -> CallSecrets:
    """Read them from TOML: a table for each name, with ``value`` and ``hosts``. ValueError says what is wrong."""
    tables = tomllib.loads(text)
    return CallSecrets({name: _sealed(name, table) for name, table in tables.items()})


def _sealed(name: str, table: Any) -> Sealed:
    if not SECRET.fullmatch(f"secret:{name}"):
        raise ValueError(f"{name} is no name of a secret")
    match table:
        case {"value": str(value), "hosts": [_, *_] as hosts, **rest} if not rest and _is_line(value):
            if all(isinstance(host, str) and host for host in hosts):
                return Sealed(value, tuple(host.lower().rstrip(".") for host in hosts))
    raise ValueError(f"{name} is not a value of one line with its hosts")


def _is_line(value: str) -> bool:
    return value.isascii() and value.isprintable() and len(value.strip()) >= 8
