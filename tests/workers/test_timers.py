"""Timers on a real database: every alarm that comes is recorded once, in order, whatever else happens."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import orjson
import pytest

from domain.events import Event
from domain.run import Run, complete_step, pause_run, resume_run, set_step_due, start_step
from domain.words import StepKey
from projections.machine import alarm_queries
from projections.machine.alarm_queries import Come
from store.connect import connect
from store.errors import Conflict
from store.log import Log
from tests.support.databases import Database
from tests.support.forked import Forked
from tests.support.waiting import wait_until
from tests.workers import timers_process
from tests.workers.timed import MONDAY, OFFICE, TOLD, Office

OFFER = StepKey("offer")


@pytest.fixture
def office(log: Log, database: Database) -> Iterator[Office]:
    """A workspace in which it is Monday, nine o'clock."""
    office = Office(database.app_url, log)
    office.settle()
    yield office
    office.close()


def at(hour: int, day: int = 2) -> datetime:
    """An instant of the first week of March 2026; the second is a Monday."""
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def test_alarms_are_fired_when_their_instants_come(office: Office):
    """A reminder before the due, the due, the reminder after it, and at last the lead: each at its time, each once."""
    run = office.start()
    office.settle()
    assert office.names() == []
    seen: list[tuple[int, list[str]]] = []
    for _ in range(8):
        office.clock.move(hours=1)
        office.settle()
        office.settle()
        seen.append((office.clock().hour, office.names(run)[sum(len(names) for _, names in seen) :]))
    assert [each for each in seen if each[1]] == [
        (12, ["step_reminder_raised"]),
        (13, ["step_became_overdue"]),
        (14, ["step_became_overdue", "step_wait_timed_out"]),
        (15, ["step_reminder_raised"]),
        (16, ["step_escalated"]),
    ]
    pause = office.state(run)
    assert (pause.step(StepKey("pause")).state, pause.step(StepKey("pause")).outcome) == ("done", "waited")
    assert pause.step(OFFER).state == "ready"


def test_a_survey_that_nobody_fills_is_set_aside(office: Office):
    """What is overdue for as long as the process allows is skipped by the timer, never done."""
    run = office.start()
    office.clock.now = at(18, day=5)
    office.settle()
    state = office.state(run)
    assert state.step(StepKey("survey")).state == "skipped"
    skipped = next(each for each in office.told(run) if each.type == "step_skipped")
    assert '"cause":"timer"' in skipped.data
    assert '"actor":"system:milepost"' in skipped.meta


def test_after_an_outage_everything_comes_once_and_in_order(office: Office):
    """Timers that were away for hours record all that came due meanwhile, the oldest first, as of now."""
    runs = []
    for minutes in (40, 0, 20):
        office.clock.now = MONDAY + timedelta(minutes=minutes)
        runs.append(office.start())
    office.clock.now = at(23)
    office.settle()
    office.settle()
    told = [each for each in office.told() if each.type == "step_became_overdue" and '"offer"' in each.data]
    assert [each.stream for each in told] == [runs[1], runs[2], runs[0]]
    assert {each.occurred_at for each in office.told()} == {at(23)}
    kinds = office.names(runs[0])
    assert sorted(kinds) == sorted(
        [
            "step_reminder_raised",
            "step_became_overdue",
            "step_became_overdue",
            "step_wait_timed_out",
            "step_reminder_raised",
            "step_escalated",
        ]
    )
    order = [instant_of(each.data) for each in office.told()]
    assert order == sorted(order)


def instant_of(data: str) -> str:
    """The instant at which what was recorded should have happened."""
    found = orjson.loads(data)
    return str(found.get("alarm_at") or found.get("due_at"))


def test_a_clock_that_goes_backwards_repeats_nothing(office: Office):
    """What was recorded is not recorded again when the same hour comes twice, nor dated before its instant."""
    office.start()
    office.clock.now = at(13)
    office.settle()
    before = office.names()
    office.clock.move(hours=-2)
    office.settle()
    office.clock.now = at(13)
    office.settle()
    assert office.names() == before == ["step_reminder_raised", "step_became_overdue"]


class Leaping:
    """A clock that jumps back as soon as somebody has read it once."""

    def __init__(self) -> None:
        self.times = [at(13), at(13), at(13)]

    def __call__(self) -> datetime:
        """Later at first, earlier from then on."""
        return self.times.pop() if self.times else at(10)


def test_an_event_is_never_dated_before_its_instant(office: Office):
    """Between finding an alarm and recording it the clock may be set back; the alarm's own instant is the earliest."""
    office.start()
    office.projector.catch_up()
    timers = office.another()
    timers._clock = Leaping()
    timers.round()
    timers.round()
    assert all(each.occurred_at >= datetime.fromisoformat(instant_of(each.data)) for each in office.told())


def test_a_stale_read_model_costs_nothing(office: Office):
    """A row of a run that has moved on meanwhile is decided on the run as it is."""
    run, other = office.start(), office.start()
    office.projector.catch_up()
    office.do(run, complete_step, office.definition, OFFER, {}, calendar=OFFICE)
    office.do(other, start_step, office.definition, OFFER)
    office.clock.now = at(13)
    for _ in range(3):
        office.timers.round()
    assert office.names(run) == []
    assert office.names(other) == ["step_reminder_raised", "step_became_overdue"]
    office.settle()
    assert len(office.names()) == 2


def test_a_due_that_was_moved_is_not_fired_at_its_old_instant(office: Office):
    """Whoever extends a step is not told that it is overdue, until the new due passes."""
    run = office.start()
    office.projector.catch_up()
    office.do(run, set_step_due, office.definition, OFFER, at(20), calendar=OFFICE)
    office.clock.now = at(13)
    office.timers.round()
    assert office.names(run) == []
    office.clock.now = at(20)
    office.settle()
    assert office.names(run).count("step_became_overdue") == 2


def test_a_paused_run_is_left_alone(office: Office):
    """While a run is paused nothing comes; then everything comes later by the working time of the pause."""
    run = office.start()
    office.clock.now = at(11)
    office.do(run, pause_run, "the customer asked for it")
    office.clock.now = at(11, day=3)
    office.settle()
    assert office.names() == []
    office.do(run, resume_run, office.definition, calendar=OFFICE)
    office.settle()
    assert office.names() == []
    office.clock.now = at(13, day=3)
    office.settle()
    assert office.names(run) == ["step_reminder_raised", "step_became_overdue"]


def test_two_workers_at_once_record_everything_once(office: Office):
    """Timers that do not know of each other append for the version that they saw, so only one of them wins."""
    for _ in range(40):
        office.start()
    office.clock.now = at(23)
    office.projector.catch_up()
    crowd = [office.another() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda timers: timers.round(), crowd))
    office.settle()
    assert len(office.told()) == 40 * 6
    keys = {(each.stream, each.type, each.data) for each in office.told()}
    assert len(keys) == 40 * 6


def test_a_killed_worker_leaves_nothing_out_and_nothing_twice(office: Office):
    """Whatever a worker had recorded when it was killed is recorded; who comes next does the rest."""
    runs = [office.start() for _ in range(300)]
    office.projector.catch_up()
    before, late = office.log.head(), at(23)
    for part in (1, 500):
        worker = Forked(timers_process.main, {"url": office.url, "now": late})
        wait_until(lambda: office.log.head() >= before + part, "the first alarms")  # noqa: B023 - asked at once
        worker.kill()
    office.clock.now = late
    office.settle()
    kinds = Counter((each.stream, each.type) for each in office.told())
    assert set(kinds.values()) == {1, 2}
    for run in runs:
        assert {kind: kinds[run, kind] for kind in TOLD if kinds[run, kind]} == {
            "step_became_overdue": 2,
            "step_reminder_raised": 2,
            "step_escalated": 1,
            "step_wait_timed_out": 1,
        }


@pytest.mark.anyio
async def test_a_duty_that_is_told_to_stop_finishes_what_it_began(office: Office):
    """Stopping waits for the page at hand and leaves nothing running behind."""
    office.start()
    office.clock.now = at(23)
    office.projector.catch_up()
    task = asyncio.create_task(office.timers.once())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await office.another().once() >= 0
    office.settle()
    assert len(office.told()) == 6


def test_when_to_look_again(office: Office):
    """Timers sleep until the next alarm, but never long: one may be set meanwhile."""
    assert office.round() == 1.0
    office.start()
    assert office.round() == 1.0
    office.clock.now = at(12) - timedelta(seconds=0.25)
    assert office.round() == pytest.approx(0.25)


def test_a_changed_calendar_moves_the_dues_of_open_steps(office: Office):
    """New settings set dues and alarms anew, once, with the calendar's name; dues set by hand stay."""
    run, by_hand = office.start(), office.start()
    office.settle()
    office.do(by_hand, set_step_due, office.definition, StepKey("survey"), at(12, day=4), calendar=OFFICE)
    closed = replace(OFFICE, name="closed on Tuesday", holidays=frozenset({at(0, day=3).date()}))
    office.calendar = closed
    office.timers = office.another()
    office.settle()
    moved = office.log.read(0, 10_000, ["step_due_set"])
    mine = [each for each in moved if each.stream == run]
    assert len(mine) == 1
    assert '"cause":"calendar_changed"' in mine[0].data
    assert '"calendar":"closed on Tuesday"' in mine[0].data
    state = office.state(run)
    assert state.step(StepKey("survey")).due_at == at(17, day=4)
    other = office.state(by_hand)
    assert other.step(StepKey("survey")).due_at == at(12, day=4)
    head = office.log.head()
    office.timers = office.another()
    office.settle()
    assert office.log.head() == head


def test_a_run_with_a_defect_stops_no_other(office: Office, monkeypatch: pytest.MonkeyPatch):
    """An alarm that cannot be decided stays open and visible; the others are fired."""
    broken, sound = office.start(), office.start()
    office.projector.catch_up()
    office.clock.now = at(12)
    decide = office.timers._decide

    def defective(run: Run, row: Come, present: datetime) -> list[Event]:
        if row.run == broken:
            raise ValueError("a defect")
        return decide(run, row, present)

    monkeypatch.setattr(office.timers, "_decide", defective)
    office.settle()
    office.settle()
    assert [each.stream for each in office.told()] == [sound]
    with connect(office.url, "test") as connection:
        assert alarm_queries.oldest_alarm(connection) == at(12)


def test_what_no_event_holds_of_one_run_stops_no_other(office: Office, monkeypatch: pytest.MonkeyPatch):
    """Of a page of alarms that is stored together, one cannot be stored at all: the others are fired all the same."""
    broken, sound = office.start(), office.start()
    office.clock.now = at(12)
    decide = office.timers._decide

    def too_much(run: Run, row: Come, present: datetime) -> list[Event]:
        decided = decide(run, row, present)
        if row.run == broken:
            decided = [event.model_copy(update={"alarm": "x" * 300_000}) for event in decided]
        return decided

    monkeypatch.setattr(office.timers, "_decide", too_much)
    office.settle()
    office.settle()
    assert [each.stream for each in office.told()] == [sound]


def test_a_run_that_others_write_to_all_the_time_is_looked_at_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    """Losing to others again and again ends neither the worker nor the alarm: a later round fires it."""
    run = office.start()
    office.projector.catch_up()
    office.do(run, start_step, office.definition, OFFER)
    office.clock.now = at(12)

    async def lose(*_args: object, **_named: object) -> None:
        raise Conflict(run, 5, 6)

    with monkeypatch.context() as busy:
        busy.setattr(office.timers._app, "execute_async", lose)
        office.timers.round()
    assert office.names(run) == []
    office.settle()
    assert office.names(run) == ["step_reminder_raised"]


def test_a_change_of_the_calendar_goes_on_after_losing_to_others(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    """Runs that could not be set anew because others wrote to them are set anew in a later round."""
    run = office.start()
    office.calendar = replace(OFFICE, name="early", closes=time(12))
    office.timers = office.another()

    async def lose(*_args: object, **_named: object) -> None:
        raise Conflict(run, 5, 6)

    with monkeypatch.context() as busy:
        busy.setattr(office.timers._app, "execute_async", lose)
        for _ in range(5):
            assert office.round() == 0.0
    office.settle()
    assert office.state(run).step(StepKey("survey")).due_at == at(12, day=3)
