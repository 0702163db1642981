"""The duty that forecasts, on a real database: what it learns, keeps, does and leaves alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from application.milepost import Milepost
from domain.definition import Definition
from domain.document import Document
from domain.events import RunPrioritySet
from domain.forecast import outlook as outlooks
from domain.process import PROCESS, publish, save_draft
from domain.run import RUN, cancel_run, complete_step, pause_run, set_priority, start_run
from domain.schedule import Calendar
from domain.words import StepKey, process_stream
from interchange.logs.facts import run_stream
from interchange.logs.importer import Request, import_log
from projections import queries
from projections.engine.live import Projector
from projections.forecasts import queries as forecast_queries
from projections.forecasts.trails import SQL, trails_of
from projections.lists import cards as card_lists
from projections.registry import PROJECTIONS
from projections.visible import EVERYTHING
from store.log import Log
from tests.interchange.support import HEADER, csv_log
from tests.projections.histories import Fact, store
from tests.support.databases import Database
from tests.support.given import DANA
from tests.support.people import EVERYBODY
from workers.digests import Digests
from workers.forecasts import Forecasts, axis_around
from workers.learning import LearningFailed

OFFICE = Calendar()
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
DOCUMENT: dict[str, Any] = {
    "key": "hire",
    "title": "Hire",
    "on_forecast_late": {"set_priority": "urgent", "notify": ["lead"]},
    "roles": [{"key": "lead", "title": "Lead"}],
    "stages": [
        {"key": "one", "title": "One", "target_days": 2, "steps": [{"key": "a", "title": "Check papers"}]},
        {"key": "two", "title": "Two", "target_days": 4, "steps": [{"key": "b", "title": "Decide"}]},
    ],
}


class Office:
    """A log, its read models, a clock that is set by hand, and the duty."""

    def __init__(self, database: Database, log: Log, projector: Projector) -> None:
        self.url, self.log, self.projector = database.app_url, log, projector
        self.app = Milepost(log)
        self.now = MONDAY
        self.duty = Forecasts(database.app_url, log, OFFICE, lambda: self.now)
        self.definition = self._published()

    def _published(self) -> Definition:
        stream, document = process_stream("hire"), Document.model_validate(DOCUMENT)
        self.app.execute(PROCESS, stream, lambda state: save_draft(state, document, by=DANA, at=MONDAY))
        self.app.execute(PROCESS, stream, lambda state: publish(state, "First", by=DANA, at=MONDAY))  # type: ignore[arg-type]
        return self.app.definition("hire", 1)

    def start(self, at: datetime, **more: Any) -> UUID:
        """A run that begins at this instant."""
        run = uuid4()

        def begin(state: Any) -> Any:
            return start_run(
                state,
                self.definition,
                name="x",
                by=DANA,
                at=at,
                calendar=OFFICE,
                directory=EVERYBODY,
                **more,
            )

        self.tell(run, begin)
        return run

    def tell(self, run: UUID, decide: Any) -> None:
        """Decide on a run."""
        self.app.execute(RUN, run, decide)

    def done(self, run: UUID, step: str, at: datetime) -> None:
        """Complete a step."""
        self.tell(
            run,
            lambda state: complete_step(
                state, self.definition, StepKey(step), by=DANA, at=at, calendar=OFFICE, directory=EVERYBODY
            ),
        )

    def history(self, runs: int = 12) -> None:
        """Runs that took a working day for each of the two steps."""
        for number in range(runs):
            began = MONDAY - timedelta(days=7 * (number + 2))
            run = self.start(began)
            self.done(run, "a", began + timedelta(days=1))
            self.done(run, "b", began + timedelta(days=2))

    def round(self) -> None:
        """Bring the read models up to date and let the duty work until nothing is left to do."""
        self.projector.catch_up()
        while asyncio.run(self.duty.once()) < 1:
            pass

    def connection(self) -> psycopg.Connection[Any]:
        """A connection as the application."""
        return psycopg.connect(self.url, autocommit=True)

    def forecast(self, run: UUID) -> Any:
        """What the forecast answers."""
        with self.connection() as connection:
            return forecast_queries.run_forecast(connection, run)


@pytest.fixture
def office(database: Database, log: Log) -> Iterator[Office]:
    """An office with a published process."""
    with Projector(database.app_url, log, projections=PROJECTIONS) as projector:
        yield Office(database, log, projector)


def test_a_run_is_forecast_from_the_history_of_its_process(office: Office) -> None:
    """Two steps that took a working day each: done on Wednesday at nine, in stages of their own."""
    office.history()
    run = office.start(MONDAY)
    office.round()
    told = office.forecast(run)
    assert (told.state, told.samples, told.runs) == ("on_track", 12, 12)
    assert told.p50_at == told.p85_at == MONDAY.replace(day=3, hour=17)
    assert [(stage.stage, stage.state) for stage in told.stages] == [("one", "on_track"), ("two", "on_track")]
    assert told.reason == "“Check papers” can be worked on now, 50% of the time left"


def test_what_did_not_change_is_not_forecast_again_before_a_day_is_over(office: Office) -> None:
    """The forecast is kept by the position that it reflects, and made anew for a new event or a new day."""
    run = office.start(MONDAY)
    office.round()
    first = office.forecast(run)
    office.now += timedelta(hours=2)
    office.round()
    assert office.forecast(run) == first
    office.done(run, "a", office.now)
    office.round()
    second = office.forecast(run)
    assert second.position > first.position
    office.now += timedelta(days=1, minutes=1)
    office.round()
    assert office.forecast(run).made_at == office.now


def test_a_cache_that_was_thrown_away_is_made_again(office: Office) -> None:
    """Everything that the forecast keeps comes from the log: the same position gives the same answer."""
    office.history()
    run = office.start(MONDAY)
    office.round()
    before = office.forecast(run)
    with office.connection() as connection:
        connection.execute("delete from forecast.run")
        connection.execute("delete from forecast.model")
    office.round()
    assert office.forecast(run) == before


def test_paused_and_ended_runs_have_no_forecast(office: Office) -> None:
    """And they say why."""
    paused, ended = office.start(MONDAY), office.start(MONDAY)
    office.round()
    office.tell(paused, lambda state: pause_run(state, "later", by=DANA, at=MONDAY))
    office.tell(ended, lambda state: cancel_run(state, office.definition, "no longer", by=DANA, at=MONDAY))
    office.round()
    told = [office.forecast(run) for run in (paused, ended)]
    assert [(each.state, each.reason) for each in told] == [
        ("no_data", "the run is paused"), ("no_data", "the run has ended"),
    ]  # fmt: skip
    with office.connection() as connection:
        assert connection.execute("select run from forecast.run").fetchall() == [(paused,)]


def _priorities(office: Office, run: UUID) -> int:
    return sum(recorded.type == RunPrioritySet.type for recorded in office.log.read_stream(run))


def test_a_forecast_that_passes_the_target_is_acted_on_once(office: Office) -> None:
    """The run becomes urgent and the lead is told; a person who says otherwise is not overruled again."""
    office.history()
    run = office.start(MONDAY, target_at=MONDAY + timedelta(hours=6))
    office.round()
    assert office.forecast(run).state == "late"
    state = office.app.load(RUN, run)
    assert state is not None
    assert state.priority == "urgent"
    assert [action.action for action in state.actions.values()] == ["notice:forecast:1"]
    office.tell(run, lambda state: set_priority(state, "low", by=DANA, at=MONDAY))
    for _ in range(2):
        office.now += timedelta(days=1, minutes=1)
        office.round()
    assert _priorities(office, run) == 2


def test_forecasts_are_kept_and_compared_with_what_came(office: Office) -> None:
    """Twelve say when they end; those whose day has come count, also those that are still open."""
    office.history()
    runs = [office.start(MONDAY) for _ in range(4)]
    office.round()
    for run in runs[:3]:
        office.done(run, "a", MONDAY + timedelta(hours=1))
        office.done(run, "b", MONDAY + timedelta(hours=2))
    office.now = MONDAY + timedelta(days=30)
    office.round()
    with office.connection() as connection:
        told = forecast_queries.process_forecast(
            connection, "hire", axis_around(OFFICE, office.now), now=office.now
        )
    assert told.hit_rates[0].says == "when it said 85%, it held 75% of 4 times"
    assert told.ended_runs == 15
    assert {step.step for step in told.steps} == {"a", "b"}


def test_an_import_makes_forecasts_of_its_open_runs_only(office: Office, tmp_path: Any) -> None:
    """Ended runs teach; the open one is compared with them, page by page."""
    rows = []
    for number in range(40):
        day = f"2026-01-{number % 25 + 1:02d}"
        rows += [
            f"c{number},start,complete,x,{day}T08:00:00Z",
            f"c{number},end,complete,x,{day}T1{number % 8}:00:00Z",
        ]
    rows.append("open,start,complete,x,2026-02-01T08:00:00Z")
    stages = tmp_path / "map.yaml"
    stages.write_text("outcomes:\n  - {activity: end, outcome: Done, ends: ended_early}\n")
    import_log(Request(csv_log(tmp_path / "log.csv", *rows), "csv", "old", stages), office.log)
    office.now = datetime(2026, 2, 1, 9, tzinfo=UTC)
    office.round()
    with office.connection() as connection:
        forecast = connection.execute(
            "select count(*), min(state), min(samples) from forecast.run"
        ).fetchone()
        assert forecast == (1, "on_track", 40)
        assert len(trails_of(connection, "old", imported=True)) == 41
        assert (
            connection.execute(SQL["processes_to_learn"], {"now": office.now, "apart": []}).fetchall() == []
        )


def test_a_run_that_cannot_be_read_costs_no_other_its_forecast(office: Office) -> None:
    """It was moved to a version that the log does not hold: it says so, once; the other is forecast as ever."""
    office.history()
    broken, sound = office.start(MONDAY), office.start(MONDAY)
    plan = {"process": "hire", "from_version": 1, "to_version": 9, "plan": {}, "choices": {}, "reason": None}
    store(office.log, [Fact(broken, "run_migrated", plan)])
    office.round()
    told = office.forecast(broken)
    assert (told.state, told.reason) == ("no_data", "this release cannot forecast the run (UnknownVersion)")
    assert office.forecast(sound).state == "on_track"
    asyncio.run(Digests(office.app, OFFICE, lambda: office.now).once())


def test_a_process_that_cannot_be_learnt_keeps_no_other_waiting(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The child that learns comes to a bad end: it is told and rests, and what was learnt before is still used."""
    office.history()
    run = office.start(MONDAY)
    office.round()
    office.now = MONDAY + timedelta(days=2)
    office.done(run, "a", MONDAY + timedelta(hours=1))
    asked: list[str] = []

    async def fails(_log: Log, _url: str, process: str, *_: Any) -> None:
        asked.append(process)
        raise LearningFailed(process)

    monkeypatch.setattr("workers.learning.learn", fails)
    office.round()
    office.round()
    assert asked == ["hire"]
    assert (office.forecast(run).samples, office.forecast(run).made_at) == (12, office.now)


def test_a_forecast_that_cannot_be_kept_is_none(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the database refuses of one run is told as its forecast; the other has its own."""
    office.history()
    odd, plain = office.start(MONDAY), office.start(MONDAY)

    def look_ahead(situation: Any, position: int) -> Any:
        outlook, outcome = outlooks.look_ahead(situation, position)
        return (replace(outlook, samples=2**40) if situation.stream == odd else outlook), outcome

    monkeypatch.setattr("workers.forecasts.look_ahead", look_ahead)
    office.round()
    assert office.forecast(odd).reason == "this release cannot forecast the run (NumericValueOutOfRange)"
    assert office.forecast(plain).state == "on_track"


def test_a_log_at_the_ends_of_time_stops_nobody(office: Office, tmp_path: Any) -> None:
    """Cases from 1970 to 2199 with numbers as large as they come: projected, learnt from, forecast and shown."""
    header = f"{HEADER},case:amount"
    ends = ("1970-01-01T00:00:00Z", "2199-12-31T23:59:59Z")
    rows = [
        f"c{number},{step},complete,x,{at},{amount}"
        for number, amount in enumerate(["1e308", "-1e308", "5e-324", "1_000", ""] * 5)
        for step, at in zip("ab", ends, strict=True)
    ]  # fmt: skip
    rows += [f"open,a,complete,x,{ends[1]},9223372036854775807", f"early,a,complete,x,{ends[0]},"]
    stages = tmp_path / "map.yaml"
    stages.write_text("outcomes:\n  - {activity: b, outcome: Done, ends: completed}\n")
    path = csv_log(tmp_path / "log.csv", *rows, header=header)
    imported = import_log(Request(path, "csv", "old", stages, project=""), office.log)
    office.round()
    assert [office.forecast(run_stream("old", name)) is None for name in ("open", "early")] == [False, False]
    with office.connection() as connection:
        assert connection.execute("select count(*) from log.parked").fetchone() == (0,)
        assert connection.execute("select 1 from forecast.model where process = 'old'").fetchall() != []
        assert imported.project is not None
        assert (
            sum(column.count for column in queries.board(connection, imported.project, now=MONDAY).columns)
            == 2
        )
        told = {
            row.id
            for row in queries.attention(connection, imported.project, visible=EVERYTHING, now=MONDAY).rows
        }
        assert told <= {run_stream("old", name) for name in ("open", "early")}
        assert queries.process_stats(connection, "old").runs == 27
        assert (
            len(card_lists.timeline(connection, imported.project, card_lists.Wanted(), calendar=OFFICE).rows)
            == 2
        )


def test_cards_show_the_forecast(office: Office) -> None:
    """The board's cards carry the state and the two instants, in one question for all of them."""
    office.history()
    run = office.start(MONDAY)
    office.round()
    with office.connection() as connection:
        faces = forecast_queries.forecasts_of(connection, [run, uuid4()])
        card = queries.card(connection, run)
    assert faces.keys() == {run}
    assert card.forecast == faces[run]


def test_lists_of_runs_show_the_states_of_boards(office: Office) -> None:
    """What the forecast warns of is at risk in both."""
    office.history()
    run = office.start(MONDAY, target_at=MONDAY + timedelta(days=1, hours=2))
    office.round()
    with office.connection() as connection:
        listed = {
            row.id: row.card_state
            for row in queries.runs(connection, "hire", visible=EVERYTHING, now=office.now).rows
        }
        assert listed[run] == queries.card(connection, run, now=office.now).state == "at_risk"
