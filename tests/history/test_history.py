"""Recorded histories: every event version that was ever stored loads, is lifted and folds to the recorded state."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import to_jsonable_python

from domain.aggregate import Aggregate
from domain.events import EVENT_TYPES, Event
from domain.group import GROUP
from domain.person import PERSON
from domain.process import PROCESS
from domain.project import PROJECT
from domain.recurrence import RECURRENCE
from domain.rights import RIGHTS
from domain.run import RUN
from domain.task import TASK
from domain.upcast import UnknownEvent, upcast
from domain.view import VIEW

HERE = Path(__file__).parent
HISTORIES = sorted(HERE.glob("*.jsonl"))
AGGREGATES: tuple[Aggregate[Any], ...] = (
    PROCESS,
    PROJECT,
    RUN,
    TASK,
    PERSON,
    GROUP,
    RECURRENCE,
    VIEW,
    RIGHTS,
)


def recorded(history: Path) -> list[dict[str, Any]]:
    """The stored events of a history, as they were written."""
    return [json.loads(line) for line in history.read_text(encoding="utf-8").splitlines()]


def load(stored: dict[str, Any]) -> Event:
    """A stored event as the code knows it today."""
    data = upcast(stored["type"], stored["schema_version"], stored["data"])
    actor = stored["meta"].get("actor")
    return EVENT_TYPES[stored["type"]].model_validate({**data, "at": stored["occurred_at"], "by": actor})


def differing(recorded: Any, now: Any, path: str = "") -> list[str]:
    """Where the state of today is not what was recorded; what today's state knows beyond it is no difference."""
    if isinstance(recorded, dict) and isinstance(now, dict):
        return [
            found
            for key, value in recorded.items()
            for found in differing(value, now.get(key), f"{path}.{key}")
        ]
    if isinstance(recorded, list) and isinstance(now, list) and len(recorded) == len(now):
        return [
            found
            for place, (before, after) in enumerate(zip(recorded, now, strict=True))
            for found in differing(before, after, f"{path}.{place}")
        ]
    return [] if recorded == now else [f"{path}: {recorded!r} became {now!r}"]


@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history.stem)
@pytest.mark.parametrize("aggregate", AGGREGATES, ids=lambda aggregate: aggregate.name)
def test_a_recorded_history_folds_to_its_recorded_state(history: Path, aggregate: Aggregate[Any]):
    """Whatever the code becomes, what happened then still gives what it gave then."""
    past = [load(stored) for stored in recorded(history) if stored["aggregate"] == aggregate.name]
    states = json.loads(history.with_suffix(".states.json").read_text(encoding="utf-8"))
    assert differing(states.get(aggregate.name, {}), to_jsonable_python(aggregate.fold(past)) or {}) == []


def test_every_event_version_has_a_recorded_history():
    """No event type and none of its versions is stored without a history that keeps it loadable."""
    kept = {
        (stored["type"], stored["schema_version"]) for history in HISTORIES for stored in recorded(history)
    }
    released = {
        (name, version)
        for name, event in EVENT_TYPES.items()
        for version in range(1, event.schema_version + 1)
    }
    assert kept == released


def test_what_a_newer_release_stored_is_not_guessed_at():
    """An event type or version that this release does not know stops the reader and says which it is."""
    with pytest.raises(UnknownEvent, match="run_teleported"):
        upcast("run_teleported", 1, {})
    with pytest.raises(UnknownEvent, match="version 99"):
        upcast("run_started", 99, {})
