"""The active runs of a process as the planner of migrations sees them: read at once, without their histories."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple, cast
from uuid import UUID

import orjson
from psycopg import Connection

from domain.condition import fields_of
from domain.definition import Definition
from domain.run import Run, StepState
from domain.run.state import ActionState, RunWord, StepWord, action_key
from domain.words import Actor, StepKey
from projections.engine.projection import blocks

Conn = Connection[Any]

SQL = {name: text.encode() for name, text in blocks("process/migration_queries").items()}
_SOMEBODY = Actor("person:somebody")


class ActiveRun(NamedTuple):
    """A run with what a plan depends on: the states of its steps, and the values that conditions or changes read."""

    id: UUID
    name: str
    run: Run


def active_runs(
    connection: Conn,
    process: str,
    version: int,
    valued: Collection[StepKey],
    runs: Sequence[UUID] | None = None,
) -> Iterator[ActiveRun]:
    """The active runs that do not follow this version, oldest first; ``valued`` names the steps whose values matter."""
    asked = {"process": process, "version": version, "valued": list(valued), "runs": runs and list(runs)}
    known: dict[str, tuple[StepKey, StepState, bool]] = {}
    for row in connection.execute(SQL["active"], asked):
        yield _active(process, row, known)


def active_ids(connection: Conn, process: str, version: int) -> list[UUID]:
    """The active runs that do not follow this version, oldest first."""
    found = connection.execute(SQL["active_ids"], {"process": process, "version": version})
    return [run for (run,) in found]


def unknown_ids(connection: Conn, process: str, runs: Sequence[UUID]) -> list[UUID]:
    """Those of the ids that no run of the process has."""
    found = connection.execute(SQL["known"], {"process": process, "runs": list(runs)})
    known = {run for (run,) in found}
    return [run for run in runs if run not in known]


def run_names(connection: Conn, process: str, runs: Sequence[UUID]) -> dict[UUID, str]:
    """The names of those of the runs that the process has."""
    return dict(connection.execute(SQL["names"], {"process": process, "runs": list(runs)}).fetchall())


def names_and_tests(connection: Conn, runs: Sequence[UUID]) -> dict[UUID, tuple[str, bool]]:
    """For each of the runs its name, and whether it is a test."""
    found = connection.execute(SQL["told"], {"runs": list(runs)})
    return {run: (name, test) for run, name, test in found}


def followed_versions(connection: Conn, process: str) -> dict[int, int]:
    """How many active runs follow each version."""
    return dict(connection.execute(SQL["versions"], {"process": process}).fetchall())


def valued_steps(old: Definition, new: Definition) -> set[StepKey]:
    """The steps whose values a plan may look at: those that conditions read, and those whose fields differ."""
    read = {path.partition(".")[0] for step in new.steps.values() for path in fields_of(step.when)}
    changed = {
        key for key, step in new.steps.items() if key in old.steps and old.steps[key].fields != step.fields
    }
    return {StepKey(key) for key in read - {"inputs"}} | changed


def _active(
    process: str, row: tuple[Any, ...], known: dict[str, tuple[StepKey, StepState, bool]]
) -> ActiveRun:
    id_, name, state, version, removed, inputs, steps, given = row
    found: dict[StepKey, StepState] = {}
    called: list[StepKey] = []
    for told in steps.split(",") if steps else ():
        step = known.get(told)
        if step is None:
            step = known[told] = _step(told)
        found[step[0]] = step[1]
        if step[2]:
            called.append(step[0])
    given_inputs = orjson.loads(inputs)
    values = {f"inputs.{key}": value for key, value in given_inputs.items()}
    for owner, fields in orjson.loads(given).items() if given else ():
        values |= {f"{owner}.{key}": value for key, value in fields.items()}
    run = Run(
        state=cast("RunWord", state),
        process=process,
        process_version=version,
        removed=frozenset(map(StepKey, removed)),
        inputs=given_inputs,
        values=values,
        steps=found,
        **_calls(called),
    )
    return ActiveRun(id_, name, run)


def _step(told: str) -> tuple[StepKey, StepState, bool]:
    """A step from ``key state by approvals added_later called``; steps alike are one value."""
    key, state, by, approvals, added_later, called = told.split(" ")
    evidence = by == "1" and state in ("done", "not_applicable")
    now = StepState(
        state=cast("StepWord", state),
        evidence=evidence,
        added_later=added_later == "1",
        approvals=(_SOMEBODY,) * int(approvals),
    )
    return StepKey(key), now, called == "1"


def _calls(called: Sequence[StepKey]) -> dict[str, Any]:
    """The calls that are under way."""
    if not called:
        return {}
    keys = {step: action_key(step, 1, "http") for step in called}
    return {
        "pending": {step: (key,) for step, key in keys.items()},
        "actions": {
            key: ActionState(step, 1, "http", attempt=1, state="started") for step, key in keys.items()
        },
    }
