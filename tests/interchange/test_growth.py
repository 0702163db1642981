"""Promises about a log that is imported again when it has grown: what is new follows, what is stored stays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import psycopg
import pytest

from application.milepost import Milepost
from domain.events import Event
from domain.forecast.steps import learn_steps
from domain.forecast.working_time import Axis
from domain.run import RUN, Run, rank_run, reopen_step
from domain.schedule import Calendar
from domain.words import StepKey
from interchange.logs.facts import run_stream
from interchange.logs.importer import Imported, Request, import_log
from projections.engine.live import Projector
from projections.forecasts.trails import trails_of
from projections.registry import PROJECTIONS
from store.log import Log
from tests.interchange.support import HEADER, csv_log
from tests.support.databases import Database, Template, new_database
from tests.support.given import BO, NINE
from tests.support.people import EVERYBODY

STAGES = """
columns: {target_at: "case:due"}
stages:
  - {key: asked, title: Asked, marker: ask}
  - {key: checked, title: Checked, marker: check}
  - {key: decided, title: Decided, marker: decide}
unlisted: asked
outcomes:
  - {activity: decide, outcome: Decided, ends: completed}
  - {activity: reject, outcome: Rejected, ends: ended_early}
"""
HEAD = f"{HEADER},case:due,case:clerk"
CASE = ",2026-04-01T17:00:00Z,dee"
FIRST = tuple(row + CASE for row in (
    "0,ask,complete,ann,2026-03-02T08:00:00Z",
    "0,check,complete,bo,2026-03-02T08:30:00Z",
    "0,decide,complete,cy,2026-03-02T09:00:00Z",
    "1,ask,complete,ann,2026-03-02T10:00:00Z",
    "1,check,start,bo,2026-03-02T11:00:00Z",
    "1,check,complete,bo,2026-03-02T12:00:00Z",
    "2,ask,complete,ann,2026-03-02T10:00:00Z",
    "2,check,start,bo,2026-03-02T11:00:00Z",
    "2,reject,complete,bo,2026-03-02T12:00:00Z",
))  # fmt: skip
"""A day of a log."""
REST = tuple(row + CASE for row in (
    "1,decide,complete,cy,2026-03-03T12:00:00Z",
    "2,check,start,bo,2026-03-04T11:00:00Z",
    "2,check,complete,bo,2026-03-05T12:00:00Z",
    "3,ask,complete,ann,2026-03-06T10:00:00Z",
))  # fmt: skip
"""What came after it: a decision, work on a case that had been rejected, a new case."""

_SHOWN = """
select c.card, c.stage, c.state, c.life, c.outcome, c.ended_at, c.target_at, c.reached, r.inputs, s.step, s.state,
  s.round, s.by, s.started_at, s.ended_at, t.wait_seconds, t.work_seconds, t.events
from read.card c join read.run r on r.run = c.card join read.run_step s on s.run = c.card
join read.run_stats t on t.run = c.card
order by c.card, s.step
"""


class House:
    """A database of the test's own, into which logs are imported."""

    def __init__(self, database: Database, log: Log, directory: Path) -> None:
        self.database, self.log, self.directory = database, log, directory
        self.stages = STAGES

    def imports(self, *rows: str, header: str = HEAD) -> Imported:
        """Import a file of these rows, and project what that stored."""
        stages = self.directory / "map.yaml"
        stages.write_text(self.stages)
        path = csv_log(self.directory / "log.csv", *rows, header=header)
        imported = import_log(Request(path, "csv", "asking", stages, project=""), self.log)
        with Projector(self.database.app_url, self.log, projections=PROJECTIONS) as projector:
            projector.catch_up()
        return imported

    def shown(self) -> list[Any]:
        """What the views have of every run, and that nothing of it is parked."""
        with psycopg.connect(self.database.app_url) as connection:
            assert connection.execute("select count(*) from log.parked").fetchone() == (0,)
            return connection.execute(_SHOWN).fetchall()

    def types(self, case: str) -> list[str]:
        """The events of a case."""
        return [each.type for each in self.log.read_stream(stream_of(case))]


def stream_of(case: str) -> UUID:
    """The run of a case."""
    return run_stream("asking", case)


@pytest.fixture
def house(postgres_server: Any, database_template: Template, tmp_path: Path) -> Iterator[House]:
    """An empty one."""
    with (
        new_database(postgres_server, database_template) as database,
        Log(database.app_url, durable=False) as log,
    ):
        yield House(database, log, tmp_path)


@pytest.fixture
def other(postgres_server: Any, database_template: Template, tmp_path: Path) -> Iterator[House]:
    """Another one, that gets everything at once."""
    directory = tmp_path / "other"
    directory.mkdir()
    with (
        new_database(postgres_server, database_template) as database,
        Log(database.app_url, durable=False) as log,
    ):
        yield House(database, log, directory)


@pytest.mark.parametrize("again", [(*FIRST, *REST), REST], ids=["the whole log again", "its new rows only"])
def test_a_log_that_grew_is_shown_as_if_it_had_been_imported_at_once(
    house: House, other: House, again: tuple[str, ...]
) -> None:
    """New events of known cases, new cases, and what was open is decided: the views do not tell how it came."""
    house.imports(*FIRST)
    imported = house.imports(*again)
    assert (imported.runs, imported.report.gone_on, imported.report.not_taken) == (1, 2, 0)
    other.imports(*FIRST, *REST)
    assert house.shown() == other.shown()
    head = house.log.head()
    house.imports(*FIRST, *REST)
    assert house.log.head() == head


def test_a_case_that_had_ended_is_reopened_by_what_came_after_it(house: House) -> None:
    """The end that was stored stays in the history; the new one comes after what is new."""
    house.imports(*FIRST)
    before = house.types("2")
    house.imports(*FIRST, *REST)
    assert before[-1] == "run_ended_early"
    assert house.types("2") == [*before, "run_reopened", "step_started", "step_completed", "run_ended_early"]


def test_a_new_activity_makes_a_new_version_that_the_case_follows(house: House, other: House) -> None:
    """Every name keeps the key it had, also where a new one comes before it or looks like it."""
    new = (
        "1,Ask!,complete,ann,2026-03-03T10:00:00Z" + CASE,
        "1,audit,complete,ann,2026-03-03T11:00:00Z" + CASE,
    )
    house.imports(*FIRST)
    imported = house.imports(*FIRST, *new)
    assert imported.process_version == 2
    assert house.types("1")[-3:] == ["run_migrated", "step_completed", "step_completed"]
    assert "run_migrated" not in house.types("0")
    keys = {event.type: event.data for event in house.log.read_stream(stream_of("1"))[1:2]}
    assert '"step":"ask"' in keys["step_completed"]
    assert '"step":"ask_2"' in house.log.read_stream(stream_of("1"))[-2].data
    assert len(house.shown()) > 0


def test_what_comes_before_what_is_stored_is_named_and_changes_nothing(house: House) -> None:
    """A history is never written anew: the case is left as it is, and everybody hears which one."""
    house.imports(*FIRST)
    head = house.log.head()
    late = "1,check,start,bo,2026-03-02T10:30:00Z" + CASE
    report = house.imports(*FIRST, late, REST[0]).report
    assert (report.gone_on, report.not_taken, report.not_taken_cases) == (0, 1, ["1"])
    assert house.log.head() == head


def test_what_the_log_says_otherwise_of_a_case_is_taken(house: House, other: House) -> None:
    """Another clerk, another target: the run's inputs and target follow."""
    changed = [
        row.replace(CASE, ",2026-05-01T17:00:00Z,eve") if row.startswith("1,") else row for row in FIRST
    ]
    house.imports(*FIRST)
    assert house.imports(*changed).report.gone_on == 1
    assert house.types("1")[-2:] == ["run_inputs_changed", "run_target_set"]
    other.imports(*changed)
    assert house.shown() == other.shown()


def test_what_people_did_meanwhile_stays(house: House) -> None:
    """A card that somebody moved, and a run that somebody called off, get the new events too."""
    house.imports(*FIRST)
    app = Milepost(house.log)
    app.execute(RUN, stream_of("1"), lambda run: [] if run is None else rank_run(run, "a5", by=BO, at=NINE))
    assert house.imports(*FIRST, *REST).report.gone_on == 2
    assert house.types("1")[-3:] == ["run_ranked", "step_completed", "run_completed"]
    assert len(house.shown()) > 0


def test_the_same_event_twice_is_two_events(house: House) -> None:
    """A file that holds a row once more than before holds one new event."""
    twice = REST[0]
    house.imports(*FIRST, twice)
    before = house.types("1")
    house.imports(*FIRST, twice, twice)
    assert house.types("1") == [*before, "run_reopened", "step_completed", "run_completed"]


def told(*rows: tuple[int, str, str], activity: str = "check") -> list[str]:
    """Rows of one case: the hour, the transition, and the instance of the work."""
    return [f"1,{activity},{kind},bo,2026-03-02T{hour:02}:00:00Z,{named}" for hour, kind, named in rows]


WITH_INSTANCE = f"{HEADER},concept:instance"
BEGUN = told((10, "start", "one"), (11, "start", "two"))
OVER = told((12, "complete", "two"), (14, "complete", "one"))


def measured(house: House) -> tuple[list[float], list[float], list[float]]:
    """Seconds of work as the insights, the statistics and the forecasts have them."""
    with psycopg.connect(house.database.app_url) as connection:
        ((works,),) = connection.execute("select visit_works from read.run_insight").fetchall()
        ((seconds,),) = connection.execute("select work_seconds from read.run_stats").fetchall()
        trails = trails_of(connection, "asking")
    axis = Axis.of(Calendar(working_days=frozenset()), date(2026, 1, 1), date(2026, 12, 31))
    learnt = learn_steps(trails, axis, trails[0].last_at).of("check").work
    return (
        sorted(work for work in works if work is not None),
        sorted(seconds),
        [learnt.quantiles[0], learnt.quantiles[-1]],
    )


HOUR_AND_FOUR = ([3_600, 14_400],) * 3


def test_work_that_overlaps_is_measured_by_its_instance(house: House) -> None:
    """Begun at 10 and at 11, ended at 12 (the second) and at 14: an hour and four, and neither two nor three."""
    house.stages = "columns: {case_prefix: 'case:'}"
    house.imports(*BEGUN, *OVER, header=WITH_INSTANCE)
    assert measured(house) == HOUR_AND_FOUR


@pytest.mark.parametrize("again", [(*BEGUN, *OVER), OVER], ids=["the whole log again", "its new rows only"])
def test_work_that_ends_in_a_later_file_is_measured_by_its_instance(
    house: House, again: tuple[str, ...]
) -> None:
    """What was begun is known by the instance that the first file named."""
    house.stages = "columns: {case_prefix: 'case:'}"
    house.imports(*BEGUN, header=WITH_INSTANCE)
    house.imports(*again, header=WITH_INSTANCE)
    assert measured(house) == HOUR_AND_FOUR


def test_work_that_was_announced_waits_until_it_begins_itself(house: House) -> None:
    """Announced at 9, overtaken at 10 by work that nobody announced, and begun at 12: three hours, not one."""
    house.stages = "columns: {case_prefix: 'case:'}"
    rows = told((9, "schedule", "one"), (10, "start", "two"), (12, "start", "one"), (13, "assign", "one"))
    house.imports(*rows, *told((15, "complete", "two"), (16, "complete", "one")), header=WITH_INSTANCE)
    with psycopg.connect(house.database.app_url) as connection:
        ((waits,),) = connection.execute("select visit_waits from read.run_insight").fetchall()
        ((seconds, loose),) = connection.execute(
            "select wait_seconds, loose_kinds from read.run_stats"
        ).fetchall()
    assert ([wait for wait in waits if wait is not None], seconds, loose) == ([10_800], [10_800], [])


def test_nobody_works_in_a_round_that_was_another_s(house: House) -> None:
    """What a person does again, and what the log tells after it, are rounds of their own: what is measured stays."""
    house.stages = "columns: {case_prefix: 'case:'}"
    house.imports(*BEGUN, *OVER, header=WITH_INSTANCE)
    app = Milepost(house.log)
    definition = app.definition("asking", 1)

    def again(run: Run | None) -> list[Event]:
        assert run is not None
        at = datetime(2026, 3, 2, 15, tzinfo=UTC)
        return reopen_step(
            run,
            definition,
            StepKey("check"),
            "once more",
            by=BO,
            at=at,
            calendar=Calendar(),
            directory=EVERYBODY,
        )

    app.execute(RUN, stream_of("1"), again)
    house.imports(*told((16, "complete", "three"), (17, "start", "four")), header=WITH_INSTANCE)
    assert measured(house)[0] == [3_600, 14_400]
    rounds = [
        orjson.loads(each.data)["round"]
        for each in house.log.read_stream(stream_of("1"))
        if each.type in {"step_started", "step_reopened", "step_completed"}
    ]
    assert rounds == [1, 2, 2, 1, 3, 4, 5]
