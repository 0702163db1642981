"""How runs really went, one row per run; and the processes with their versions. Test runs count nowhere."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from hashlib import md5
from itertools import pairwise
from operator import itemgetter
from typing import Any

from projections.engine.projection import Projection, Row, Source, Subject, Table
from projections.facts.plan import PlannedStep, planned_steps
from projections.facts.project import PROCESS_FACTS, ProcessFacts
from projections.facts.run_folds import RUN_TRAIL
from projections.facts.trail import Mark, RunTrail

RUN_STATS = Table(
    "run_stats",
    (
        "run", "process", "process_version", "state", "outcome", "started_at", "ended_at", "events", "first_at",
        "last_at", "first_step", "last_step", "variant", "handovers", "rework", "without_actor", "same_time", "weekend",
        "actors", "minutes", "edge_sources", "edge_targets", "edge_counts", "count_steps", "count_transitions",
        "counts", "wait_steps", "wait_seconds", "work_steps", "work_seconds", "loose_steps", "loose_kinds",
        "stage_keys", "stage_seconds",
    ),
)  # fmt: skip
PROCESS = Table("process", ("stream", "key", "title", "owner", "state", "draft", "version"))
PROCESS_VERSION = Table(
    "process_version",
    ("stream", "process_version", "key", "title", "note", "published_at", "published_by", "document"),
    key=2,
)
_AT = itemgetter(0)


def _run_rows(subject: Subject) -> Iterator[tuple[int, Row]]:
    trail: RunTrail = subject.states[0]
    if trail.test:
        return
    marks = sorted(trail.marks, key=_AT)
    events = [mark for mark in marks if mark[2] != "ready"]
    planned = planned_steps(subject.definitions(trail.process, trail.process_version))
    yield 0, (
        subject.stream, trail.process, trail.process_version, trail.state, trail.outcome, trail.started_at,
        trail.ended_at, *_sequence(events), *_counts(events), *_durations(marks), *_stages(marks, planned),
    )  # fmt: skip


def _sequence(events: Sequence[Mark]) -> Row:
    """What the order of the events tells, from their number to the edges between steps."""
    if not events:
        return 0, None, None, None, None, None, 0, False, 0, 0, 0, [], [], [], [], []
    times = [mark[0] for mark in events]
    steps = [mark[1] for mark in events]
    actors = [mark[3] for mark in events]
    edges = sorted(Counter(pairwise(steps)).items())
    return (
        len(events), times[0], times[-1], steps[0], steps[-1], md5("\x1f".join(steps).encode()).hexdigest(),  # noqa: S324 - a short name for a sequence
        sum([one != other and one is not None and other is not None for one, other in pairwise(actors)]),
        len(set(steps)) < len(steps), actors.count(None),
        sum([one == other for one, other in pairwise(times)]),
        sum([at.weekday() >= 5 for at in times]), sorted({actor for actor in actors if actor is not None}),
        [int(at.timestamp()) // 60 for at in times],
        [source for (source, _), _ in edges], [target for (_, target), _ in edges], [count for _, count in edges],
    )  # fmt: skip


def _counts(events: Sequence[Mark]) -> Row:
    counted = sorted(Counter([mark[1:3] for mark in events]).items())
    return (
        [step for (step, _), _ in counted],
        [kind for (_, kind), _ in counted],
        [count for _, count in counted],
    )


def _durations(marks: Sequence[Mark]) -> Row:
    """Waiting (ready to started, or to completed where nobody said that he began) and work (started to completed).

    What overlaps is told apart by its round. Work that nobody announced takes what was announced more often than begun.
    """
    waiting: dict[tuple[str, int], deque[datetime]] = {}
    working: dict[tuple[str, int], deque[datetime]] = {}
    waits: list[tuple[str, float]] = []
    works: list[tuple[str, float]] = []
    loose: list[tuple[str, str]] = []
    for at, step, kind, _actor, number in marks:
        if kind == "started":
            own = (step, number)
            _pair(waiting, own if waiting.get(own) else _left_over(waiting, working, step), at, waits)
            working.setdefault(own, deque()).append(at)
        elif kind in {"scheduled", "ready"}:
            waiting.setdefault((step, number), deque()).append(at)
        elif kind == "completed" and not _pair(working, (step, number), at, works):
            loose.append((step, "without_start"))
    loose += [(step, "unfinished") for (step, _), left in working.items() for _ in left]
    loose += [(step, "not_started") for (step, _), left in waiting.items() for _ in left]
    return (
        [step for step, _ in waits], [seconds for _, seconds in waits], [step for step, _ in works],
        [seconds for _, seconds in works], [step for step, _ in loose], [kind for _, kind in loose],
    )  # fmt: skip


def _left_over(
    waiting: dict[tuple[str, int], deque[datetime]], begun: Collection[tuple[str, int]], step: str
) -> tuple[str, int]:
    """The longest wait of this step in a round that was begun already; a round that there is not where none is left."""
    found = [
        (since[0], work) for work, since in waiting.items() if since and work[0] == step and work in begun
    ]
    return min(found)[1] if found else (step, 0)


def _pair(
    open_since: dict[tuple[str, int], deque[datetime]],
    work: tuple[str, int],
    at: datetime,
    into: list[tuple[str, float]],
) -> bool:
    """The oldest open one of this step and round ends now."""
    queue = open_since.get(work)
    if not queue:
        return False
    into.append((work[0], (at - queue.popleft()).total_seconds()))
    return True


def _stages(marks: Sequence[Mark], planned: dict[str, PlannedStep]) -> Row:
    """How long the run was busy in each stage: from the first mark of its steps to the last one."""
    first: dict[str, datetime] = {}
    last: dict[str, datetime] = {}
    for mark in marks:
        if mark[1] not in planned:
            continue  # a migration removed it
        stage = planned[mark[1]].stage_key
        first.setdefault(stage, mark[0])
        last[stage] = mark[0]
    keys = sorted(first)
    return keys, [(last[key] - first[key]).total_seconds() for key in keys]


def _process_rows(subject: Subject) -> Iterator[tuple[int, Row]]:
    process: ProcessFacts = subject.states[0]
    document: dict[str, Any] = process.versions[-1].document if process.versions else process.draft or {}
    state = "retired" if process.retired else "published" if process.versions else "draft"
    yield 1, (
        subject.stream, process.key, document.get("title", process.key), document.get("owner", ""), state,
        process.draft, subject.version,
    )  # fmt: skip
    for version in process.versions:
        yield 2, (
            subject.stream, version.version, process.key, version.document.get("title", process.key), version.note,
            version.at, version.by, version.document,
        )  # fmt: skip


PROCESS_STATS = Projection(
    "process_stats",
    4,
    (RUN_STATS, PROCESS, PROCESS_VERSION),
    {"run": Source((RUN_TRAIL,), _run_rows), "process": Source((PROCESS_FACTS,), _process_rows)},
    sql="process/rows",
)
