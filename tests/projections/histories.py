"""Made histories for the tests of the read models: a process of four steps in two stages, and what may happen to it."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import orjson

from domain.words import group_stream, person_stream, process_stream
from store.log import Append, Log, NewEvent

BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PROCESS = "hire"
CANARY = "canary-4711"
STEPS = ("submitted", "approved", "training", "finished")
DOCUMENT: dict[str, Any] = {
    "key": PROCESS,
    "title": "Hire",
    "roles": [
        {"key": "lead", "title": "Lead"},
        {"key": "buyer", "title": "Buyer", "group": "legal", "assign": "round_robin"},
    ],
    "stages": [
        {
            "key": "check",
            "title": "Background check",
            "steps": [
                {"key": "submitted", "title": "Files submitted", "role": "lead"},
                {
                    "key": "approved",
                    "title": "Approved",
                    "role": "lead",
                    "gate": {"blocks": "following_stages"},
                },
            ],
        },
        {
            "key": "start",
            "title": "Start",
            "steps": [
                {"key": "training", "title": "Training", "role": "lead"},
                {"key": "finished", "title": "Finished", "role": "lead", "required": False},
            ],
        },
    ],
}


NEXT: dict[str, Any] = copy.deepcopy(DOCUMENT)
"""The next version: the training is gone, a badge is new, and the last step comes in the first stage."""
NEXT["stages"][0]["steps"].append(NEXT["stages"][1]["steps"].pop())
NEXT["stages"][1]["steps"] = [{"key": "badge", "title": "Badge", "role": "lead"}]


@dataclass(frozen=True)
class Fact:
    """One event to be stored."""

    stream: UUID
    type: str
    data: dict[str, Any]
    minutes: int = 0
    by: str | None = "person:dana"


def stream_of(name: str) -> UUID:
    """The stream that a test calls by this name."""
    return uuid5(NAMESPACE_URL, name)


PROJECT = stream_of("project")


def published() -> Fact:
    """The process is published."""
    data = {"process": PROCESS, "process_version": 1, "note": "first", "document": DOCUMENT}
    return Fact(process_stream(PROCESS), "process_version_published", data)


def published_next() -> Fact:
    """The next version of the process is published."""
    data = {"process": PROCESS, "process_version": 2, "note": "second", "document": NEXT}
    return Fact(process_stream(PROCESS), "process_version_published", data, 1)


def migrated(run: str, minutes: int, *, back: bool = False) -> list[Fact]:
    """A run follows the next version, or the first one again, with what that does to the steps that go and come."""
    old, new = (2, 1) if back else (1, 2)
    gone, come = ("badge", "training") if back else ("training", "badge")
    plan = {"removed": [gone], "added": [come], "returned": [come] if back else []}
    data = {
        "process": PROCESS, "from_version": old, "to_version": new, "plan": plan, "choices": {}, "reason": "new rule",
    }  # fmt: skip
    return [
        Fact(stream_of(run), "run_migrated", data, minutes),
        step(run, "step_cancelled", gone, minutes, cause="migration"),
        step(run, "step_became_not_applicable", come, minutes, cause="migration", added_later=True),
        step(run, "step_values_saved", "submitted", minutes, values={"secret": CANARY}, cause="migration"),
    ]


def opened() -> Fact:
    """The project is opened."""
    stages = [{"key": stage["key"], "title": stage["title"], "wip_limit": 2} for stage in DOCUMENT["stages"]]
    return Fact(
        PROJECT,
        "project_opened",
        {"name": "Hires", "owner": "person:dana", "stages": stages, "process": PROCESS},
    )


def started(run: str, minutes: int = 0, *, test: bool = False) -> Fact:
    """A run is started in the project."""
    data = {
        "process": PROCESS, "process_version": 1, "name": f"Hire {run}", "subject": None, "inputs": {"note": CANARY},
        "roles": {"lead": "person:bo", "buyer": "person:cy"}, "project": str(PROJECT), "target_at": None,
        "priority": "none", "test": test,
    }  # fmt: skip
    return Fact(stream_of(run), "run_started", data, minutes)


def step(run: str, kind: str, key: str, minutes: int, round_: int = 1, **data: Any) -> Fact:
    """Something happens at a step."""
    return Fact(stream_of(run), kind, {"step": key, "round": round_, **data}, minutes)


def ready(run: str, key: str, minutes: int, round_: int = 1, due: int | None = None) -> Fact:
    """A step becomes ready, perhaps with a due so many minutes after the beginning."""
    due_at = None if due is None else (BEGIN + timedelta(minutes=due)).isoformat()
    return step(
        run, "step_became_ready", key, minutes, round_, cause="rule", assignee="person:bo", due_at=due_at
    )


def done(run: str, key: str, minutes: int, round_: int = 1, outcome: str | None = None) -> Fact:
    """A step is completed with a value that only participants may see."""
    return step(run, "step_completed", key, minutes, round_, values={"secret": CANARY}, outcome=outcome)


def hire(run: str, minutes: int = 0) -> list[Fact]:
    """A run from its start to its end."""
    facts = [started(run, minutes)]
    for place, key in enumerate(STEPS):
        at = minutes + 10 * place
        facts += [ready(run, key, at, due=at + 5), step(run, "step_started", key, at + 2)]
        facts.append(done(run, key, at + 6, outcome="Approved" if key == "approved" else None))
    return [*facts, Fact(stream_of(run), "run_completed", {"outcome": "Hired"}, minutes + 40)]


def staff(key: str, minutes: int = 0) -> list[Fact]:
    """Somebody who came, was changed, left and came back."""
    stream, who = (
        person_stream(key),
        {"name": key.title(), "email": None, "manager": None, "weekly_hours": 40.0},
    )
    return [
        Fact(stream, "person_added", {"person": key, **who}, minutes),
        Fact(stream, "person_changed", {**who, "manager": "person:dana"}, minutes + 1),
        Fact(stream, "person_deactivated", {"reason": "left"}, minutes + 2),
        Fact(stream, "person_reactivated", {}, minutes + 3),
    ]


def team(key: str, *members: str) -> list[Fact]:
    """A group whose members come and go until it is closed."""
    stream = group_stream(key)
    came = [Fact(stream, "group_member_added", {"member": f"person:{member}"}) for member in members]
    return [
        Fact(stream, "group_created", {"group": key, "title": key.title()}),
        *came,
        Fact(stream, "group_renamed", {"title": f"The {key}"}),
        Fact(stream, "group_member_removed", {"member": f"person:{members[0]}"}),
        Fact(stream, "group_closed", {"reason": "merged"}),
    ]


def store(log: Log, facts: Iterable[Fact]) -> int:
    """Put the facts into the log, in this order; the answer is the position of the last one."""
    versions: dict[UUID, int] = {}
    last = 0
    for fact in facts:
        if fact.stream not in versions:
            versions[fact.stream] = len(log.read_stream(fact.stream))
        meta = orjson.dumps({"actor": fact.by} if fact.by else {}).decode()
        at = BEGIN + timedelta(minutes=fact.minutes)
        event = NewEvent(fact.type, 1, orjson.dumps(fact.data).decode(), meta, at)
        last = log.append([Append(fact.stream, versions[fact.stream], [event])]).last_position
        versions[fact.stream] += 1
    return last


def interleaved(histories: Sequence[Sequence[Fact]], choices: Sequence[int]) -> list[Fact]:
    """The histories mixed by these choices, each in its own order."""
    left = [list(history) for history in histories if history]
    mixed: list[Fact] = []
    for choice in choices:
        if not left:
            break
        chosen = left[choice % len(left)]
        mixed.append(chosen.pop(0))
        left = [history for history in left if history]
    return mixed + [fact for history in left for fact in history]
