"""Each id belongs to one kind of stream: the id of a task is no run, whatever is asked of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar
from uuid import UUID

from application.refused import RefusalCode, Refused
from domain import group as groups
from domain import person as people
from domain.aggregate import Aggregate
from domain.group import GROUP, Group
from domain.person import PERSON, Person
from domain.process import PROCESS, Process
from domain.project import PROJECT, Project
from domain.recurrence import RECURRENCE, Recurrence
from domain.rights import RIGHTS as OF_RIGHTS
from domain.run import RUN, Run
from domain.task import TASK, Task
from domain.view import VIEW, View
from domain.words import Rejected, group_stream, person_stream, process_stream

S = TypeVar("S")
_CODES: dict[str, RefusalCode] = {
    "run": "unknown_run", "project": "unknown_project", "task": "unknown_task", "process": "unknown_process",
    "recurrence": "unknown_recurrence", "person": "unknown_person", "group": "unknown_group", "view": "unknown_view",
}  # fmt: skip
"""Of each kind of stream."""


def _only(aggregate: Aggregate[S]) -> Aggregate[S]:
    def own(event: Any) -> Any:
        if event.aggregate != aggregate.name:
            raise _unknown(aggregate.name, "this id belongs to something else")
        return event

    def evolve(state: S | None, event: Any) -> S:
        return aggregate.evolve(state, own(event))

    def evolve_all(state: S | None, events: Iterable[Any]) -> S | None:
        return aggregate.fold(map(own, events), state)

    return Aggregate(aggregate.name, evolve, evolve_all)


RUNS = _only(RUN)
PROJECTS = _only(PROJECT)
TASKS = _only(TASK)
PROCESSES = _only(PROCESS)
RECURRENCES = _only(RECURRENCE)
PEOPLE = _only(PERSON)
GROUPS = _only(GROUP)
VIEWS = _only(VIEW)
RIGHTS = _only(OF_RIGHTS)


def known_run(state: Any, stream: UUID) -> Run:
    """The run, or Refused where there is none."""
    return _known(state, Run, "run", stream)


def known_project(state: Any, stream: UUID | None) -> Project:
    """The project, or Refused where there is none."""
    return _known(state, Project, "project", stream)


def project_taking_work(state: Any, stream: UUID) -> Project:
    """The project, or Refused where there is none or that it is closed."""
    project = known_project(state, stream)
    if project.closed:
        raise Rejected("project_closed", "this project is closed; reopen it first", accepted=["reopen"])
    return project


def known_task(state: Any, stream: UUID) -> Task:
    """The task, or Refused where there is none."""
    return _known(state, Task, "task", stream)


def known_view(state: Any, stream: UUID) -> View:
    """The saved view, or Refused where there is none."""
    return _known(state, View, "view", stream)


def known_recurrence(state: Any, stream: UUID) -> Recurrence:
    """The recurring work, or Refused where there is none."""
    return _known(state, Recurrence, "recurrence", stream)


def known_process(state: Any, key: str) -> Process:
    """The process, or Refused where there is none."""
    return _known(state, Process, "process", key)


def person_key(text: str) -> str:
    """The key of a person in an address; what cannot be one is nobody's."""
    if not people.KEY.fullmatch(text):
        raise _unknown(
            "person", "the key of a person is lower-case letters, digits, dots, hyphens, underscores"
        )
    return text


def group_key(text: str) -> str:
    """The key of a group in an address; what cannot be one is no group's."""
    if not groups.KEY.fullmatch(text):
        raise _unknown("group", "the key of a group is lower-case letters, digits and underscores")
    return text


def known_person(state: Any, key: str) -> Person:
    """The person, or Refused where there is none."""
    return _known(state, Person, "person", key)


def known_group(state: Any, key: str) -> Group:
    """The group, or Refused where there is none."""
    return _known(state, Group, "group", key)


def stream_of(kind: str, id_: UUID | str) -> UUID | None:
    """The stream of what is called so; None for what has none of its own."""
    match kind, id_:
        case _, UUID():
            return id_
        case "process" | "process version", str():
            return process_stream(id_.partition(" ")[0])
        case "person", str():
            return person_stream(id_)
        case "group", str():
            return group_stream(id_)
        case _:
            return None


def _known(state: Any, kind: type[S], word: str, name: object) -> S:
    if not isinstance(state, kind):
        raise _unknown(word, f"there is no {word} {name}")
    return state


def _unknown(word: str, detail: str) -> Refused:
    return Refused(_CODES[word], detail)
