"""A verb of the HTTP interface: what it is called, what it takes, and what of the application it asks for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from pydantic import BaseModel

from application.asked import Asked
from application.milepost import Milepost, Outcome
from domain.words import StepKey

B = TypeVar("B", bound=BaseModel)
O = TypeVar("O")  # noqa: E741 - on what


class On(NamedTuple):
    """On which run, task, project, recurring work or view, and who asks."""

    app: Milepost
    asked: Asked
    id: UUID


class OnStep(NamedTuple):
    """On which step of which run."""

    app: Milepost
    asked: Asked
    run: UUID
    step: StepKey


class OnIncident(NamedTuple):
    """On which incident of which run."""

    app: Milepost
    asked: Asked
    run: UUID
    incident: UUID


class OnKey(NamedTuple):
    """On which process, person or group."""

    app: Milepost
    asked: Asked
    key: str


@dataclass(frozen=True)
class Described:
    """A verb as callers see it: the last word of its address, a summary, its body, and an example of one."""

    name: str
    summary: str
    body: type[BaseModel]
    example: Mapping[str, Any]


@dataclass(frozen=True)
class Verb(Described, Generic[O, B]):
    """A verb, and what of the application it asks for."""

    body: type[B]
    do: Callable[[O, B], Awaitable[Outcome[Any]]]


def verb(
    name: str,
    summary: str,
    body: type[B],
    do: Callable[[O, B], Awaitable[Outcome[Any]]],
    example: Mapping[str, Any] | None = None,
) -> Verb[O, Any]:
    """A verb among others, whose bodies are of other types; what it does is checked against its own."""
    return Verb(name, summary, body, example or {}, do)
