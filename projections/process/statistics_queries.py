"""How the runs of a process really went, in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from domain.definition import Definition
from projections.answers import DirectlyFollows, ProcessStats, Quantiles, StageStats, StepStats
from projections.asking import Conn, NotFound, fresh, no_version, rows
from projections.board.funnel import funnel
from projections.engine.projection import blocks

RUNS = """
select * from read.run_stats
where process = %(process)s and (%(version)s::int is null or process_version = %(version)s)
"""
SQL = blocks("process/statistics_queries")
TOP_EDGES = 50


class _Ask:
    """Asks about the runs of one process, of one version or of all."""

    def __init__(self, connection: Conn, process: str, version: int | None) -> None:
        self._connection = connection
        self._values = {"process": process, "version": version}

    def rows(self, name: str) -> list[tuple[Any, ...]]:
        text = SQL[name]
        rest = f", {text[5:]}" if text.startswith("with ") else f" {text}"
        return self._connection.execute(f"with runs as ({RUNS}){rest}".encode(), self._values).fetchall()

    def table(self, name: str) -> dict[str, Any]:
        return dict(self.rows(name))

    def quantiles(self, name: str) -> Quantiles:
        return _quantiles(self.rows(name)[0], 3)


def process_stats(connection: Conn, process: str, version: int | None = None) -> ProcessStats:
    """Statistics over all runs of a process, or over those of one version. Raises NotFound."""
    current = fresh(connection, "process_stats", "board")
    definition = _newest(connection, process, version)
    ask = _Ask(connection, process, version)
    (
        runs, open_runs, events, first, last, handovers, rework, without_actor, same_time, weekend, variants, top,
    ) = ask.rows("totals")[0]  # fmt: skip
    counts = ask.rows("counts")
    waits, works = _by_key(ask.rows("waits")), _by_key(ask.rows("works"))
    edges = ask.rows("edges")
    busiest_minute, busiest_day, busiest_day_events = ask.rows("minutes")[0]
    return ProcessStats(
        process=process, version=version, runs=runs, open_runs=open_runs, events=events,
        activities=len({row[0] for row in counts}), activity_counts=_activity_counts(counts),
        titles={key: step.title for key, step in definition.steps.items()}, lifecycle=_lifecycle(counts),
        starts=ask.table("starts"), ends=ask.table("ends"), variants=variants,
        top_variant_share=round(top / runs, 4) if runs else 0.0, case_hours=ask.quantiles("case_hours"),
        events_per_case=ask.quantiles("events_per_case"), dfg_edges=len(edges),
        dfg=tuple(DirectlyFollows(*edge) for edge in edges[:TOP_EDGES]), actors=ask.rows("actors")[0][0],
        events_without_actor=without_actor, rework_runs=rework, handovers=handovers,
        weekend_share=round(weekend / events, 4) if events else 0.0, first=first, last=last, busiest_day=busiest_day,
        busiest_day_events=busiest_day_events or 0, busiest_minute_events=busiest_minute or 0,
        peak_concurrent=ask.rows("concurrent")[0][0] or 0, same_time_as_previous=same_time,
        steps=_steps(definition, ask, counts, waits, works), stages=_stages(definition, ask),
        work_hours=works.get("", Quantiles(0)), wait_hours=waits.get("", Quantiles(0)), outcomes=ask.table("outcomes"),
        funnel=funnel(connection, process), position=current.position, as_of=current.as_of, behind=current.behind,
    )  # fmt: skip


def _newest(connection: Conn, process: str, version: int | None) -> Definition:
    for row in rows(connection, "process_versions", process=process):
        if version in (None, row[0]):
            return Definition.load(process, row[0], row[6])
    raise (NotFound("process", process) if version is None else no_version(connection, process, version))


def _activity_counts(counts: Sequence[tuple[Any, ...]]) -> dict[str, int]:
    """Events by step, the most frequent first."""
    summed: dict[str, int] = {}
    for step, _transition, count, *_ in counts:
        summed[step] = summed.get(step, 0) + count
    return dict(sorted(summed.items(), key=lambda pair: (-pair[1], pair[0])))


def _lifecycle(counts: Sequence[tuple[Any, ...]]) -> dict[str, int]:
    """Events by transition, the most frequent first."""
    summed: dict[str, int] = {}
    for _step, transition, count, *_ in counts:
        summed[transition] = summed.get(transition, 0) + count
    return dict(sorted(summed.items(), key=lambda pair: (-pair[1], pair[0])))


def _quantiles(row: Sequence[Any], digits: int = 9) -> Quantiles:
    """From (count, minimum, [p10, p50, p85, p90], maximum, mean); nine digits of an hour are microseconds."""
    count, minimum, percentiles, maximum, mean = row
    if not count:
        return Quantiles(0)
    p10, p50, p85, p90 = (round(value, digits) for value in percentiles)
    return Quantiles(
        count, round(minimum, digits), p10, p50, p85, p90, round(maximum, digits), round(mean, digits)
    )


def _by_key(found: Sequence[tuple[Any, ...]]) -> dict[str, Quantiles]:
    return {row[0]: _quantiles(row[1:]) for row in found}


def _steps(
    definition: Definition,
    ask: _Ask,
    counts: Sequence[tuple[Any, ...]],
    waits: dict[str, Quantiles],
    works: dict[str, Quantiles],
) -> tuple[StepStats, ...]:
    runs_of = {step: (runs, rework) for step, runs, rework in ask.rows("step_runs")}
    loose = {(step, kind): count for step, kind, count in ask.rows("loose")}
    lifecycle: dict[str, dict[str, int]] = {}
    rounds: dict[str, int] = {}
    for step, transition, count, _runs, most, _again in counts:
        lifecycle.setdefault(step, {})[transition] = count
        rounds[step] = max(rounds.get(step, 0), most or 0)
    return tuple(
        StepStats(
            key=key, title=step.title, stage=definition.stage_of[key], events=sum(lifecycle.get(key, {}).values()),
            runs=runs_of.get(key, (0, 0))[0], lifecycle=lifecycle.get(key, {}), rounds_max=rounds.get(key, 0),
            runs_with_rework=runs_of.get(key, (0, 0))[1], wait_hours=waits.get(key, Quantiles(0)),
            work_hours=works.get(key, Quantiles(0)), without_start=loose.get((key, "without_start"), 0),
            unfinished=loose.get((key, "unfinished"), 0), not_started=loose.get((key, "not_started"), 0),
        )
        for key, step in definition.steps.items()
    )  # fmt: skip


def _stages(definition: Definition, ask: _Ask) -> tuple[StageStats, ...]:
    hours = _by_key(ask.rows("stages"))
    return tuple(
        StageStats(key, stage.title, hours.get(key, Quantiles(0)).count, hours.get(key, Quantiles(0)))
        for key, stage in definition.stages.items()
    )
