"""What the runs of a process teach: times, ends, refusals, loops, and where runs sit now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from domain.definition import Definition
from domain.words import StepKey
from projections.answers import (
    ApprovalInsight,
    Insights,
    Loop,
    Oddity,
    Sitting,
    Spread,
    StepInsight,
    VersionInsight,
)
from projections.asking import Conn, NotFound, fresh, moment, no_version, rows
from projections.engine.projection import blocks

RUNS = """
select * from read.run_insight
where process = %(process)s and (%(version)s::int is null or process_version = %(version)s)
"""
SQL = blocks("process/insight_queries")
_DIGITS = 9
"""Nine digits of an hour are microseconds."""


class Ask:
    """Asks about the runs of one process, of one version or of all."""

    def __init__(self, connection: Conn, process: str, version: int | None, now: datetime) -> None:
        self._connection = connection
        self._values = {"process": process, "version": version, "now": now}

    def rows(self, name: str) -> list[tuple[Any, ...]]:
        """The rows of a named statement."""
        text = f"with runs as ({RUNS}) {SQL[name]}"
        return self._connection.execute(text.encode(), self._values, prepare=True).fetchall()


def insights(
    connection: Conn, process: str, version: int | None = None, *, now: datetime | None = None
) -> Insights:
    """What the runs of a process teach, or those of one of its versions. Raises NotFound."""
    current = fresh(connection, "insights", "process_stats")
    definition = _newest(connection, process, version)
    ask = Ask(connection, process, version, moment(now))
    versions = [_version(row) for row in ask.rows("versions")]
    approvals = _approvals(ask, definition)
    judged = sum(one.judged for one in approvals)
    return Insights(
        process=process, version=version, titles={key: step.title for key, step in definition.steps.items()},
        whole=versions[0], versions=tuple(versions[1:]), steps=_steps(ask, definition, versions[0].runs),
        approvals=approvals,
        first_pass=round(sum(one.at_first for one in approvals) / judged, 4) if judged else None,
        loops=tuple(Loop(*row) for row in ask.rows("loops")), sitting=_sitting(ask, definition),
        resting=ask.rows("resting")[0][0],
        oddities=tuple(Oddity(kind, step or None, times, runs) for step, kind, times, runs in ask.rows("conformance")),
        conforming=ask.rows("conforming")[0][0], position=current.position, as_of=current.as_of, behind=current.behind,
    )  # fmt: skip


def _newest(connection: Conn, process: str, version: int | None) -> Definition:
    for row in rows(connection, "process_versions", process=process):
        if version in (None, row[0]):
            return Definition.load(process, row[0], row[6])
    raise (NotFound("process", process) if version is None else no_version(connection, process, version))


def _version(row: Sequence[Any]) -> VersionInsight:
    version, runs, running, completed, early, cancelled, counted, spread, mean, targets, on_time, again = row
    return VersionInsight(
        version, runs, running, completed, early, cancelled, _spread(counted, spread), _hours(mean), targets, on_time,
        again,
    )  # fmt: skip


def _steps(ask: Ask, definition: Definition, runs: int) -> tuple[StepInsight, ...]:
    """Every step of the definition in its order, then those that only earlier versions had."""
    found = {row[0]: row[1:] for row in ask.rows("steps")}
    ends: dict[str, dict[str, int]] = {}
    for step, state, count in ask.rows("ends"):
        ends.setdefault(step, {})[state] = count
    keys = [*definition.steps, *sorted(found.keys() - definition.steps.keys())]
    return tuple(
        _step(definition, key, found.get(key, _NEVER), _all_ends(ends.get(key, {}), runs)) for key in keys
    )


_NEVER: tuple[Any, ...] = (0, 0, None, 0, None, 0, None, 0, 0, 0.0, 0.0, 0)


def _step(definition: Definition, key: str, row: Sequence[Any], ends: dict[str, int]) -> StepInsight:
    rounds, waits, wait, works, work, cycles, cycle, dues, on_time, waited, worked, runs = row
    known = definition.steps.get(StepKey(key))
    return StepInsight(
        key=key, title=known.title if known else key, stage=definition.stage_of.get(StepKey(key), ""), runs=runs,
        rounds=rounds, waiting_hours=_spread(waits, wait), working_hours=_spread(works, work),
        cycle_hours=_spread(cycles, cycle), waiting_hours_sum=round(waited, _DIGITS),
        working_hours_sum=round(worked, _DIGITS), with_due=dues, on_time=on_time, ends=ends,
    )  # fmt: skip


def _all_ends(known: dict[str, int], runs: int) -> dict[str, int]:
    """Runs in which the step was never touched are those that have it locked."""
    locked = known.get("locked", 0) + runs - sum(known.values())
    return {**known, "locked": locked} if locked else known


def _approvals(ask: Ask, definition: Definition) -> tuple[ApprovalInsight, ...]:
    return tuple(
        ApprovalInsight(key, _title(definition, key), judged, at_first, refusals, most)
        for key, judged, at_first, refusals, most in sorted(ask.rows("approvals"))
    )


def _sitting(ask: Ask, definition: Definition) -> tuple[Sitting, ...]:
    found = (
        Sitting(key, _title(definition, key), runs, since, _spread(runs, hours))
        for key, runs, since, hours in ask.rows("sitting")
    )
    return tuple(sorted(found, key=lambda one: (-one.runs, one.key)))


def _title(definition: Definition, key: str) -> str:
    known = definition.steps.get(StepKey(key))
    return known.title if known else key


def _spread(count: int, values: Sequence[float] | None) -> Spread:
    return Spread(count, *(round(value, _DIGITS) for value in values)) if count and values else Spread()


def _hours(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)
