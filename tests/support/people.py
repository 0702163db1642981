"""A house in which everybody who is named was added: for tests that are about something else than people."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from inspect import signature
from typing import Any, Protocol, TypeVar

from application.asked import Asked
from application.directory import Directories
from application.rights.gate import Gate, Unmoved
from application.rights.subjects import Subject
from domain.directory import EMPTY, Directory, PersonFacts
from domain.relations import Relation
from domain.shown import spoken
from domain.words import Actor, Assignee


class _Duty(Protocol):
    """Something of a worker that has an application of its own."""

    _app: Any


D = TypeVar("D", bound=_Duty)


class _AsIfAdded(Mapping[Assignee, PersonFacts]):
    """Those who were added, and whoever is asked for."""

    def __init__(self, added: Mapping[Assignee, PersonFacts]) -> None:
        self._added = added

    def __getitem__(self, key: Assignee) -> PersonFacts:
        if key in self._added:
            return self._added[key]
        if not key.startswith("person:"):
            raise KeyError(key)
        return PersonFacts(spoken(key))

    def __iter__(self) -> Iterator[Assignee]:
        return iter(self._added)

    def __len__(self) -> int:
        return len(self._added)


def welcoming(house: Directory = EMPTY) -> Directory:
    """The house as it is, in which strangers count as added; who left has left, and groups are those there are."""
    return replace(house, people=_AsIfAdded(house.people))


EVERYBODY = welcoming()


def knowing(decision: Callable[..., Any]) -> dict[str, Directory]:
    """What a decision that asks who works here is told."""
    return {"directory": EVERYBODY} if "directory" in signature(decision).parameters else {}


class WelcomingGate(Gate):
    """The gate of a house that has granted its roles to whoever has the scopes that they need."""

    async def scopes_in_force(
        self,
        actor: Actor,  # noqa: ARG002 - all are alike
        scopes: Collection[str],
        at: datetime,  # noqa: ARG002 - at all times
        *,
        session: bool,  # noqa: ARG002 - wherever they come in
    ) -> frozenset[str]:
        """Those that they came with."""
        return frozenset(scopes)

    async def _in_house(
        self,
        asked: Asked,
        subject: Subject,  # noqa: ARG002 - whatever it is
        fresh: bool,  # noqa: ARG002 - the log is not asked
    ) -> tuple[frozenset[Relation], Unmoved]:
        roles: dict[str, Relation] = {"admin": "administrator", "manage": "process_owner"}
        return frozenset(role for scope, role in roles.items() if scope in asked.scopes), {}


class WelcomingDirectories(Directories):
    """The directory of a server to which strangers count as added."""

    async def now(self) -> Directory:
        """As of the head of the log."""
        return welcoming(await super().now())

    async def recently(self) -> Directory:
        """As of a moment ago."""
        return welcoming(await super().recently())

    def with_pending(self, known: Directory) -> Directory:
        """With what was drawn and is not stored yet."""
        return welcoming(super().with_pending(known))


def letting(duty: D) -> D:
    """A worker's duty in a house whose roles go by scopes: whoever asked for what it does still may."""
    app = duty._app
    app.gate = WelcomingGate(app)
    return duty
