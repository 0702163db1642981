"""What there is to learn from how runs went: one row per run with its rounds, loops, ends and oddities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime

from domain.target import reached_at
from domain.words import StepKey
from projections.engine.projection import Projection, Row, Source, Subject, Table
from projections.facts.path import RunPath, Visit
from projections.facts.run_folds import RUN_PATH

RUN_INSIGHT = Table(
    "run_insight",
    (
        "run", "process", "process_version", "state", "started_at", "ended_at", "target_at", "target_reached_at",
        "rounds_max", "visit_steps", "visit_waits", "visit_works", "visit_cycles", "visit_late", "visit_again",
        "end_steps", "ends", "open_since", "judged_steps", "judged_first", "judged_refusals",
        "loop_sources", "loop_targets", "loop_counts", "odd_steps", "odd_kinds", "odd_counts",
    ),
)  # fmt: skip
_OPEN = frozenset({"ready", "in_progress"})


def _rows(subject: Subject) -> Iterator[tuple[int, Row]]:
    path: RunPath = subject.states[0]
    if path.test:
        return
    definition = subject.definitions(path.process, path.process_version)
    approvals = {key for key, step in definition.steps.items() if step.kind == "approval"}
    judged = sorted(step for step in path.first_word if step in approvals)
    odd = path.odd + _out_of_order(path, definition.dependencies)
    yield 0, (
        subject.stream, path.process, path.process_version, path.state, path.started_at, path.ended_at, path.target_at,
        reached_at(definition, {StepKey(key): (state, path.since[key]) for key, state in path.ends.items()}),
        max((number for _, number in path.visits), default=0), *_visits(path), *_ends(path),
        judged, ["done" if path.first_word[step] == "done" else "refused" for step in judged],
        [path.refusals[step] for step in judged], *_pairs(path.loops), *_pairs(odd),
    )  # fmt: skip


def _visits(path: RunPath) -> Row:
    """Every round that was completed: seconds waited, worked and in all, whether late, whether not the first."""
    done = [(step, visit) for (step, _), visit in path.visits.items() if visit.done_at is not None]
    return (
        [step for step, _ in done],
        [_seconds(visit.ready_at, visit.begun_at) for _, visit in done],
        [_seconds(visit.begun_at, visit.done_at) for _, visit in done],
        [_seconds(visit.ready_at or visit.begun_at, visit.done_at) for _, visit in done],
        [_late(visit) for _, visit in done],
        _again([step for step, _ in done]),
    )


def _again(steps: list[str]) -> list[bool]:
    """For each step whether it is among those before it."""
    first: dict[str, int] = {}
    return [first.setdefault(step, place) < place for place, step in enumerate(steps)]


def _seconds(since: datetime | None, until: datetime | None) -> float | None:
    """None where a time is not known, or where the log has them the wrong way round."""
    return None if since is None or until is None or until < since else (until - since).total_seconds()


def _late(visit: Visit) -> bool | None:
    return None if visit.due_at is None or visit.done_at is None else visit.done_at > visit.due_at


def _ends(path: RunPath) -> Row:
    """The state that each step is in, and since when where somebody can work on it."""
    keys = sorted(path.ends)
    return (
        keys,
        [path.ends[key] for key in keys],
        [path.since[key] if path.ends[key] in _OPEN else None for key in keys],
    )


def _pairs(counted: Mapping[tuple[str, str], int]) -> Row:
    found = sorted((pair, count) for pair, count in counted.items() if count)
    return [pair[0] for pair, _ in found], [pair[1] for pair, _ in found], [count for _, count in found]


def _out_of_order(
    path: RunPath, dependencies: Mapping[StepKey, frozenset[StepKey]]
) -> Counter[tuple[str, str]]:
    """Completions of steps while something that they wait for had not ended well: only history can have them."""
    found: Counter[tuple[str, str]] = Counter()
    if not any(dependencies.values()):
        return found
    well: set[str] = set()
    for step, became in path.order:
        if became == "done" and not dependencies.get(StepKey(step), frozenset()) <= well:
            found[step, "out_of_order"] += 1
        if became == "open":
            well.discard(step)
        else:
            well.add(step)
    return found


INSIGHTS = Projection(
    "insights", 4, (RUN_INSIGHT,), {"run": Source((RUN_PATH,), _rows)}, sql="process/insight_rows"
)
