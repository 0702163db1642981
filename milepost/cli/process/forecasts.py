"""`milepost forecast`: when a run will be finished, what would help it, and how good the forecasts are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

import typer

from milepost.cli.console.client import ask
from milepost.cli.console.database import application_url, running_log
from milepost.cli.console.output import (
    BAD_INPUT,
    AsJson,
    Field,
    fail,
    people,
    print_facts,
    print_json,
    print_rows,
)
from milepost.cli.console.settings import settings

if TYPE_CHECKING:
    from domain.forecast.backtest import Scores
    from domain.forecast.trails import Trail

app = typer.Typer(
    help="The forecast: when runs will be finished, and how sure that is.", no_args_is_help=True
)

_STAGES = (
    Field("stage", "stage", whole=True), Field("state", "state"), Field("P50", "p50_at"), Field("P85", "p85_at"),
    Field("target", "target_at"), Field("probability", "probability"),
)  # fmt: skip
_LEVERS = (Field("what would help", "says"), Field("working days gained at P85", "gained_days"))
_FACTS = ("state", "reason", "p50_at", "p85_at", "target_at", "probability", "samples", "runs", "made_at")
_STEPS = (
    Field("step", "title"), Field("stage", "stage"), Field("P85 days", "p85_days"), Field("wait P50", "wait_p50_days"),
    Field("wait P85", "wait_p85_days"), Field("work P50", "work_p50_days"), Field("work P85", "work_p85_days"),
    Field("samples", "samples"), Field("open", "open"), Field("refused", "refusal_rate"), Field("reopened", "reopened"),
)  # fmt: skip
_SHOWN_STEPS = 10
_WAYS = ("walk", "split")
_SCORES = (Field("what", "what", whole=True), Field("value", "value", whole=True))


@app.command()
def run(run: str = typer.Argument(help="Id of the run.", metavar="RUN"), as_json: bool = AsJson) -> None:
    """Show when a run will be finished, by stage, with the reason and what would help it."""
    told, levers = ask(f"/v1/runs/{run}/forecast"), ask(f"/v1/runs/{run}/levers")["levers"]
    if as_json:
        print_json({**told, "levers": levers})
        return
    print_facts("Forecast", {name: told[name] for name in _FACTS})
    if told["stages"]:
        print_rows("Stages", _STAGES, told["stages"])
    if levers:
        print_rows("Levers", _LEVERS, levers)


@app.command()
def process(process: str = typer.Argument(help="Key of the process."), as_json: bool = AsJson) -> None:
    """Show how good the forecasts of a process are, and which steps cost its runs most."""
    told = ask(f"/v1/processes/{process}/forecast")
    if as_json:
        print_json(told)
        return
    facts = {name: told[name] for name in ("learnt_at", "ended_runs", "open_runs", "states")}
    print_facts(f"Forecasts of {process}", facts)
    for rate in told["hit_rates"]:
        people.print(rate["says"])
    print_rows("Steps that cost most", _STEPS, told["steps"][:_SHOWN_STEPS])


@app.command()
def backtest(
    process: str = typer.Option(..., "--process", help="Key of the process."),
    way: str = typer.Option(
        "walk",
        help="walk: through the history, knowing at each moment only what had happened; "
        "split: as publications do, 64 % of the runs to learn, 16 % to tune, 20 % to test.",
    ),
    as_json: bool = AsJson,
) -> None:
    """Forecast the newest fifth of a process's runs from what came before, and compare with what really came.

    Imported histories are forecast by comparison, own runs by simulation (there is one way to walk through them).
    Takes minutes for a large history, on one core. The result is kept and shown with the process.
    """
    if way not in _WAYS:
        fail(f"--way does not know {way!r}: it takes walk or split", BAD_INPUT)
    scores = _scored(process, way)
    if as_json:
        print_json(asdict(scores))
        return
    print_rows(f"Backtest of {process} ({way})", _SCORES, _table(scores))


def _scored(process: str, way: Any) -> Scores:
    from projections.forecasts.backtests import keep_backtest
    from projections.forecasts.trails import trails_of
    from store.connect import connect

    with connect(application_url(), "backtest") as connection:
        trails = trails_of(connection, process)
    if any(trail.imported for trail in trails):
        from domain.forecast.backtest import backtest as tested

        scores = tested([trail for trail in trails if trail.imported], way)
    else:
        scores = _rehearsed(trails)
    if scores is None:
        fail(f"{process} has too few runs for a backtest: it takes at least 25 of three events", BAD_INPUT)
    with connect(application_url(), "backtest") as connection:
        keep_backtest(connection, process, scores, datetime.now(UTC))
    return scores


def _rehearsed(trails: Sequence[Trail]) -> Scores | None:
    """Runs that have a graph are forecast by simulation; each is read from the log when its turn comes."""
    from application.milepost import Milepost
    from domain.forecast.plan import Plan
    from domain.forecast.rehearsal import House, rehearse
    from domain.forecast.working_time import axis_of
    from store.mapper import to_event

    calendar, year = settings().calendar, datetime.now(UTC).year
    with running_log() as log:
        app = Milepost(log)
        house = House(
            lambda run: [to_event(recorded) for recorded in log.read_stream(UUID(run))],
            cache(lambda process, version: Plan(app.definition(process, version))),
            axis_of(calendar, year - 20, year + 15),
            calendar,
        )
        return rehearse(trails, house)


def _table(scores: Scores) -> Sequence[dict[str, str]]:
    """The scores in words."""
    days = {
        "MAE of the forecast (P50)": scores.mae_days,
        "MAE of the mean remaining time by prefix length": scores.mae_by_length_days,
        "MAE of the mean remaining time by current step": scores.mae_by_step_days,
        "MAE of the forecast without prefixes that end a run": scores.mae_unfinished_days,
        "MAE of the forecast, each run counted once": scores.mae_by_run_days,
    }
    return [
        *({"what": what, "value": f"{value:.2f} days"} for what, value in days.items()),
        {"what": "finished within P50", "value": f"{scores.within_p50:.1%}"},
        {"what": f"finished within P85 (of {scores.judged_p85})", "value": f"{scores.within_p85:.1%}"},
        {"what": "runs known, tested", "value": f"{scores.runs_known}, {scores.runs_tested}"},
        {"what": "prefixes (each counted once)", "value": str(scores.prefixes)},
    ]
