"""Binds HTTP verbs to decisions by name: what a decision wants and no request gives is an error."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from secrets import token_hex
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from api.bodies import Place
from api.ids import uuid7
from domain.definition import Definition
from domain.directory import EMPTY, Directory
from domain.events import Event
from domain.rank import last, place
from domain.run.content import SALT_BYTES
from domain.schedule import Calendar
from domain.waiting import Others
from domain.words import Actor, StepKey

Decision = Callable[..., Sequence[Event]]


@dataclass(frozen=True, slots=True)
class Given:
    """What a decision may ask for beside the body."""

    by: Actor
    at: datetime
    calendar: Calendar
    stream: UUID
    step: StepKey | None = None
    definition: Definition | None = None
    directory: Directory = EMPTY
    incident: UUID | None = None
    steps: Sequence[StepKey] | None = None
    others: Others = field(default_factory=dict)
    last_rank: str | None = None
    """The rank of the last card in the column of a card that is put last."""
    stands: tuple[str | None, str | None] = (None, None)
    """Column and rank of the card before the command."""


@dataclass(frozen=True)
class Verb:
    """One verb of the HTTP interface: what it is called, what it does, its body and the decision behind it."""

    name: str
    summary: str
    body: type[BaseModel]
    decision: Decision
    example: Mapping[str, Any] = field(default_factory=dict)
    elsewhere: frozenset[str] = frozenset()
    """Members of the body that are used before the decision, not by it."""
    whole: str | None = None
    """The parameter that takes the body as it is."""

    def __post_init__(self) -> None:
        members = {self.whole} if self.whole else set(self.body.model_fields) - self.elsewhere
        sources = _sources(self.decision, members, ranked=issubclass(self.body, Place))
        if self.whole:
            sources[self.whole] = lambda body, _: body
        object.__setattr__(self, "_sources", sources)

    @property
    def wants_directory(self) -> bool:
        """Whether the decision asks who works here."""
        return "directory" in self._sources  # type: ignore[attr-defined]  # set above

    @property
    def wants_others(self) -> bool:
        """Whether the decision asks about what the task waits for."""
        return "others" in self._sources  # type: ignore[attr-defined]  # set above

    def decide(self, state: Any, body: BaseModel, given: Given) -> Sequence[Event]:
        """The decision on this state, with its arguments from the body and the request."""
        sources: dict[str, Callable[[BaseModel, Given], Any]] = self._sources  # type: ignore[attr-defined]  # set above
        given = replace(given, stands=(getattr(state, "stage", None), getattr(state, "rank", None) or None))
        return self.decision(state, **{name: source(body, given) for name, source in sources.items()})


class UnboundError(Exception):
    """A decision wants what no request gives, or a body gives what no decision wants."""


_FROM_REQUEST: dict[str, Callable[[BaseModel, Given], Any]] = {
    "by": lambda _, given: given.by,
    "at": lambda _, given: given.at,
    "calendar": lambda _, given: given.calendar,
    "definition": lambda _, given: given.definition,
    "directory": lambda _, given: given.directory,
    "incident": lambda _, given: given.incident,
    "steps": lambda _, given: given.steps,
    "own": lambda _, given: given.stream,
    "others": lambda _, given: given.others,
    "content_salt": lambda _, _given: token_hex(SALT_BYTES),
}
_NEW_IDS = frozenset({"comment", "entry", "attachment"})


def _sources(
    decision: Decision, members: set[str], *, ranked: bool
) -> dict[str, Callable[[BaseModel, Given], Any]]:
    names = list(inspect.signature(decision).parameters)[1:]
    left = set(members)
    found: dict[str, Callable[[BaseModel, Given], Any]] = {}
    for name in names:
        if name in left:
            found[name] = _from_body(name)
            left.remove(name)
        elif name == "rank" and ranked:
            found[name] = _rank
            left -= {"after", "before"}
        else:
            found[name] = _from_request(decision, name)
    if left:
        raise UnboundError(f"{decision.__name__} takes nothing called {sorted(left)}")
    return found


def _from_body(name: str) -> Callable[[BaseModel, Given], Any]:
    return lambda body, _: getattr(body, name)


def _from_request(decision: Decision, name: str) -> Callable[[BaseModel, Given], Any]:
    if name == "step":
        return lambda _, given: given.step
    if name in _NEW_IDS:
        return lambda _, __: uuid7()
    if name not in _FROM_REQUEST:
        raise UnboundError(f"{decision.__name__} wants {name}, which no request gives")
    return _FROM_REQUEST[name]


def _rank(body: BaseModel, given: Given) -> str:
    assert isinstance(body, Place)
    stage, rank = given.stands
    if rank is None and body.after is None and body.before is None:
        return last(given.last_rank, card=given.stream)
    stays = stage is None or stage == getattr(body, "stage", stage)
    return place(rank if stays else None, body.after, body.before, card=given.stream)
