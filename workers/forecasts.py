"""The duty that forecasts: learns from each process's history, and forecasts its active runs when something changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any
from uuid import UUID

import structlog
from psycopg import Connection
from psycopg.types.json import Jsonb

from application.asked import Asked
from application.blocking import finish
from application.milepost import Milepost
from application.on_run import BY_MACHINE, on_run
from domain.definition import Definition
from domain.events import Event
from domain.forecast.comparable import compare
from domain.forecast.learnt import Learnt
from domain.forecast.levers import levers
from domain.forecast.outlook import Outlook, look_ahead, no_data
from domain.forecast.plan import Plan
from domain.forecast.rehearsal import situation_of
from domain.forecast.simulate import Outcome
from domain.forecast.steps import StepModel
from domain.forecast.trails import Trail
from domain.forecast.working_time import Axis, axis_of
from domain.run import RUN, Run
from domain.run.late_forecast import act_on_late_forecast
from domain.schedule import Calendar
from domain.words import MACHINE, StepKey
from projections.engine.careful_writing import REFUSED
from projections.forecasts.trails import SQL, trail_of
from store.errors import Conflict
from store.log import Log
from workers import learning
from workers.apart import Apart
from workers.duty import AWAY, Duty
from workers.trouble import described

PAGE_RUNS = 50
"""Runs that are forecast before others get their turn; about a third of a second of work."""
BEHIND_EVENTS = 500
PAUSE_SECONDS = 2.0
"""How long nobody looks when nothing was to be done."""
BREATH_SECONDS = 0.2
"""The rest between two pages: importing a history must not take the worker's time from its readers."""

log = structlog.get_logger(__name__)
Clock = Callable[[], datetime]
Conn = Connection[Any]


def now() -> datetime:
    """The time of this machine."""
    return datetime.now(UTC)


def forecasts(database_url: str, growing: Log, calendar: Calendar) -> Duty:
    """The duty of a worker."""
    return Duty("forecasts", database_url, Forecasts(database_url, growing, calendar))


def axis_around(calendar: Calendar, instant: datetime) -> Axis:
    """Working time from some years before an instant to some years after it."""
    return axis_of(calendar, instant.year - 20, instant.year + 15)


@dataclass(frozen=True)
class _Model:
    """What was learnt of a process, ready to use."""

    position: int
    steps: StepModel
    learnt: Learnt | None


@dataclass(frozen=True)
class _Due:
    """A run that has to be forecast."""

    run: UUID
    process: str
    process_version: int
    version: int
    model_position: int


@dataclass(frozen=True)
class _Case:
    """Everything that a forecast of one run is made from."""

    due: _Due
    run: Run
    trail: Trail
    model: _Model
    position: int
    at: datetime
    definition: Definition


class Forecasts:
    """One round after the other: learn where much has ended since, else forecast the runs that changed."""

    def __init__(self, database_url: str, growing: Log, calendar: Calendar, clock: Clock = now) -> None:
        """``growing`` is a started log of this database; ``clock`` gives aware instants."""
        self._url, self._calendar, self._clock = database_url, calendar, clock
        self._log = growing
        self._app = Milepost(growing, calendar=calendar)
        self._apart = Apart("forecast_set_apart")
        """Processes by key and runs by id."""
        self._models: dict[str, _Model] = {}
        self._plans: dict[tuple[str, int], Plan] = {}

    async def once(self) -> float:
        """Learn one process, or forecast one page of runs; the seconds until the next look."""
        process = await asyncio.to_thread(self._to_learn)
        if process is not None:
            began = monotonic()
            with self._apart.each(process, process=process):
                await learning.learn(self._log, self._url, process, self._calendar, self._clock())
                log.info("process_learnt", process=process, seconds=round(monotonic() - began, 1))
            return 0.0
        return BREATH_SECONDS if await asyncio.to_thread(self.forecast_page) else PAUSE_SECONDS

    def _to_learn(self) -> str | None:
        """The process to be learnt (again): never learnt, a tenth more runs have ended, or a day has gone by."""
        with self._log.lend() as connection:
            if connection.execute(SQL["made"]).fetchone() != (True,) or _is_behind(connection):
                return None
            apart = [key for key in self._apart.resting() if isinstance(key, str)]
            wanted = {"now": self._clock(), "apart": apart}
            found = connection.execute(SQL["processes_to_learn"], wanted).fetchone()
            return None if found is None else found[0]

    def forecast_page(self) -> int:
        """Forecast the runs that changed since, the longest waiting first; how many there were."""
        at = self._clock()
        with self._log.lend() as connection:
            if connection.execute(SQL["made"]).fetchone() != (True,):
                return 0
            connection.execute(SQL["forget_ended"])
            apart = [key for key in self._apart.resting() if isinstance(key, UUID)]
            wanted = {"now": at, "limit": PAGE_RUNS, "apart": apart}
            due = [_Due(*row) for row in connection.execute(SQL["due_runs"], wanted)]
            for each in due:
                with self._apart.each(each.run, run=str(each.run)):
                    self._forecast(connection, each, at)
        return len(due)

    def _forecast(self, connection: Conn, due: _Due, at: datetime) -> None:
        try:
            case = self._case(connection, due, at)
            if case is None:
                return  # a read model is not there yet; the run stays due
            outlook, outcome = self._outlook(case)
        except AWAY:
            raise
        except Exception as error:  # noqa: BLE001 - told as the run's forecast; it must not cost the others theirs
            self._give_up(connection, due, at, error)
            return
        was_late, crossings = connection.execute(SQL["before"], {"run": due.run}).fetchone() or (False, 0)
        target_at = case.run.target_at
        aimed_p85 = outlook.target_p85_at
        late = aimed_p85 is not None and target_at is not None and aimed_p85 > target_at
        if late and not was_late:
            late = self._act(due.run, case.definition, crossings + 1, outlook.step)
            crossings += late
        try:
            with connection.transaction():
                row = _row(case, outlook, outcome) | {"is_late": late, "crossings": crossings}
                connection.execute(SQL["keep_run"], row)
                if outlook.p85_at is not None:
                    connection.execute(SQL["keep_first"], row)
        except REFUSED as error:
            self._give_up(connection, due, at, error)

    def _give_up(self, connection: Conn, due: _Due, at: datetime, error: Exception) -> None:
        log.error("run_not_forecast", run=str(due.run), **described(error))
        connection.execute(SQL["keep_run"], _given_up(due, at, type(error).__name__))

    def _case(self, connection: Conn, due: _Due, at: datetime) -> _Case | None:
        run = self._app.load(RUN, due.run)
        [(position,)] = connection.execute(SQL["position_of_run"], {"run": due.run}).fetchall()
        trail, model = trail_of(connection, due.run), self._model(connection, due.process)
        if run is None or trail is None or position is None or model is None:
            return None
        definition = self._app.definition(run.process, run.process_version)
        return _Case(due, run, trail, model, position, at, definition)

    def _outlook(self, case: _Case) -> tuple[Outlook, Outcome | None]:
        if not case.trail.imported:
            axis, plan = axis_around(self._calendar, case.at), self._plan(case.definition)
            situation = situation_of(
                case.due.run,
                plan,
                case.model.steps,
                case.run,
                case.trail,
                axis,
                self._calendar,
                case.at.timestamp(),
            )
            return look_ahead(situation, case.position)
        if case.run.state == "paused":
            return no_data("the run is paused"), None
        if case.model.learnt is None:
            return no_data("too few runs of this process have ended"), None
        return compare(case.model.learnt, case.trail, case.at.timestamp(), case.definition), None

    def _plan(self, definition: Definition) -> Plan:
        """The plan of a version; its order is worked out once."""
        key = definition.process, definition.version
        if key not in self._plans:
            self._plans[key] = Plan(definition)
        return self._plans[key]

    def _act(self, run: UUID, definition: Definition, crossing: int, step: str | None) -> bool:
        """Do what the process wants done when a run will be late; False: others were faster, and it is still to do."""
        if definition.document.on_forecast_late is None:
            return True
        at, named = self._clock(), None if step is None else StepKey(step)

        def decide(state: Run, _: Definition) -> Sequence[Event]:
            return act_on_late_forecast(
                state, definition, crossing, named, by=MACHINE, at=at, calendar=self._calendar
            )

        try:
            finish(on_run(self._app, run, Asked(MACHINE, at), BY_MACHINE, decide))
        except Conflict:
            return False
        return True

    def _model(self, connection: Conn, process: str) -> _Model | None:
        found = connection.execute(SQL["model_facts"], {"process": process}).fetchone()
        if found is None:
            return None
        known = self._models.get(process)
        if known is None or known.position != found[0]:
            position, _, _, _, steps, stored = connection.execute(
                SQL["model"], {"process": process}
            ).fetchall()[0]
            learnt = None if stored is None else Learnt.of_stored(bytes(stored))
            known = self._models[process] = _Model(position, StepModel.of_stored(steps), learnt)
        return known


def _is_behind(connection: Conn) -> bool:
    """Whether much is still to come: half of an imported history is not worth learning."""
    found = connection.execute(SQL["behind"]).fetchone()
    return found is not None and found[0] > BEHIND_EVENTS


def _row(case: _Case, outlook: Outlook, outcome: Outcome | None) -> dict[str, Any]:
    """A forecast as its table keeps it."""
    return {
        "run": case.due.run, "process": case.due.process, "version": case.due.version,
        "model_position": case.model.position, "position": case.position, "made_at": case.at,
        "state": outlook.state, "reason": outlook.reason, "step": outlook.step, "samples": outlook.samples,
        "p50_at": outlook.p50_at, "p85_at": outlook.p85_at, "probability": outlook.probability,
        "target_at": case.run.target_at, "target_p85_at": outlook.target_p85_at,
        "stage": outlook.stages[0].stage if outlook.stages else "run",
        "stages": Jsonb([_json(stage) for stage in outlook.stages]),
        "levers": Jsonb([asdict(lever) for lever in levers(outcome)] if outcome is not None else []),
    }  # fmt: skip


def _given_up(due: _Due, at: datetime, kind: str) -> dict[str, Any]:
    """Of a run that this release cannot forecast. It is tried again when it changed, and once a day."""
    nothing = ("step", "p50_at", "p85_at", "probability", "target_at", "target_p85_at")
    return {
        **dict.fromkeys(nothing), "run": due.run, "process": due.process, "version": due.version,
        "model_position": due.model_position, "position": due.model_position, "made_at": at, "state": "no_data",
        "reason": f"this release cannot forecast the run ({kind})", "samples": 0, "stage": "run", "stages": Jsonb([]),
        "levers": Jsonb([]), "is_late": False, "crossings": 0,
    }  # fmt: skip


def _json(stage: Any) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(stage).items()
    }
