"""The demonstration is the same at whichever hour it is filled: nothing is late by chance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.aggregate import Aggregate
from domain.definition import Definition
from domain.run import Run
from domain.schedule import Calendar
from domain.words import StepKey
from milepost.demo.beginning import A_NIGHT, Beginning, Stand, beginning
from milepost.demo.workspace import HIRING, LIVE, Workspace
from tests.stories.walking import shipped


class Memory:
    """A repository of runs that forgets everything at the end."""

    def __init__(self) -> None:
        self.runs: dict[UUID, Run] = {}

    def load(self, _aggregate: Aggregate[Run], stream: UUID) -> Run | None:
        """The run as it is."""
        return self.runs.get(stream)

    def execute(
        self, aggregate: Aggregate[Run], stream: UUID, decide: Callable[[Any], Sequence[Any]], **_: Any
    ) -> None:
        """Decide, and keep what was decided."""
        run = aggregate.fold(decide(self.runs.get(stream)))
        assert run is not None
        self.runs[stream] = run


@cache
def _process(file: str) -> Definition:
    document = shipped(file)
    return Definition(document.key, 2, document)


def onboarding() -> Definition:
    """The shipped onboarding."""
    return _process("customer-onboarding.yaml")


def hiring() -> Definition:
    """The shipped hire."""
    return _process("hire-and-onboard.yaml")


def workspace(now: datetime, zone: str = "UTC") -> tuple[Workspace, dict[UUID, Run]]:
    """A workspace in memory at this moment, and the runs that are played in it."""
    memory = Memory()
    app: Any = memory
    return Workspace(app, Calendar(zone=ZoneInfo(zone)), now), memory.runs


def overdue(runs: Iterable[Run], now: datetime) -> list[str]:
    """The open steps that should have been done by now."""
    return [
        key
        for run in runs
        for key, step in run.steps.items()
        if step.is_open and step.due_at is not None and step.due_at < now
    ]


ANY_MOMENT = pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 3, 2, 10, tzinfo=UTC),
        datetime(2026, 3, 4, 6, 28, tzinfo=UTC),
        datetime(2026, 3, 5, 17, 35, tzinfo=UTC),
        datetime(2026, 3, 7, 10, tzinfo=UTC),
    ],
    ids=["monday", "wednesday at dawn", "thursday evening", "saturday"],
)


@ANY_MOMENT
def test_two_of_the_live_onboardings_are_late_at_any_moment(now: datetime) -> None:
    """Each stands at the step that holds it; only the signature and the kickoff are overdue, one target has passed."""
    demonstration, played = workspace(now)
    demonstration.live_customers(onboarding(), UUID(int=1))
    runs = list(played.values())
    assert [run.step(StepKey(scene.step)).state for run, scene in zip(runs, LIVE, strict=True)] == [
        "ready"
    ] * 12
    assert overdue(runs, now) == ["customer_signs", "kickoff_held"]
    passed = [scene.step for run, scene in zip(runs, LIVE, strict=True) if (run.target_at or now) < now]
    assert passed == ["acceptance"]


@ANY_MOMENT
def test_no_live_hire_is_late_at_any_moment(now: datetime) -> None:
    """Ten hires, four of them under way: each stands where it should, and has time left."""
    demonstration, played = workspace(now)
    demonstration.hires(hiring(), UUID(int=1))
    live = [run for run in played.values() if not run.ended]
    held = [scene.step for scene in HIRING.values()]
    assert [run.step(StepKey(step)).state for run, step in zip(live, held, strict=True)] == ["ready"] * 4
    assert (len(played), overdue(live, now)) == (10, [])


# --- every hour ---

WEEKS = [
    ("UTC", datetime(2026, 3, 2, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 3, 1, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 19, tzinfo=UTC)),
]
"""Two weeks each: as they are, of a night that loses an hour, and of a night that has one twice."""
SCENES: list[tuple[str, int]] = [("onboarding", turn) for turn in range(len(LIVE))]
SCENES += [("hire", number) for number in HIRING]


def stand_at(now: datetime, zone: str, process: str, number: int) -> tuple[str, bool, list[str]]:
    """What a live run shows at this moment: how its held step is, since long enough or not, and what is overdue."""
    demonstration, played = workspace(now, zone)
    if process == "hire":
        demonstration.hire(hiring(), number, UUID(int=1))
    else:
        demonstration.live_customer(onboarding(), number, UUID(int=1))
    scene = HIRING[number] if process == "hire" else LIVE[number]
    (run,) = played.values()
    step = run.step(StepKey(scene.step))
    since = now - timedelta(hours=scene.hours)
    return step.state, step.ready_at is not None and step.ready_at <= since, overdue([run], now)


def as_told(process: str, number: int) -> tuple[str, bool, list[str]]:
    """What a live run is to show at any moment."""
    scene = HIRING[number] if process == "hire" else LIVE[number]
    return "ready", True, [scene.step] if scene.overdue else []


@pytest.mark.parametrize(("zone", "monday"), WEEKS, ids=[zone for zone, _ in WEEKS])
def test_each_scene_is_on_stage_at_whichever_hour_the_workspace_is_filled(
    zone: str, monday: datetime
) -> None:
    """Hour by hour through two weeks, in steps that meet every hour of a day; at each, the next of the scenes."""
    wrong = []
    for count, hour in enumerate(range(0, 14 * 24, 17)):
        now, scene = monday + timedelta(hours=hour, minutes=hour % 60), SCENES[count % len(SCENES)]
        if stand_at(now, zone, *scene) != as_told(*scene):
            wrong.append((now, scene))
    assert wrong == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("zone", "first", "count"),
    [
        ("UTC", datetime(2026, 3, 2, tzinfo=UTC), 14 * 24),
        ("America/New_York", datetime(2026, 3, 7, tzinfo=UTC), 72),
        ("Europe/Berlin", datetime(2026, 10, 24, tzinfo=UTC), 72),
    ],
    ids=["two weeks", "clocks go on", "clocks go back"],
)
@pytest.mark.parametrize(("process", "number"), SCENES)
def test_every_scene_is_on_stage_at_every_hour(
    process: str, number: int, zone: str, first: datetime, count: int
) -> None:
    """All hours of two weeks, and of the days around a change of the clocks, for each scene."""
    hours = [first + timedelta(hours=hour, minutes=hour % 60) for hour in range(count)]
    assert [now for now in hours if stand_at(now, zone, process, number) != as_told(process, number)] == []


# --- the search ---


@given(
    st.integers(min_value=0, max_value=14 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes)),
    st.integers(min_value=0, max_value=20 * 24).map(lambda hours: timedelta(hours=hours)),
    st.sampled_from([1, 6, 24, 24 * 3]).map(lambda hours: timedelta(hours=hours)),
)
def test_a_beginning_is_one_that_was_rehearsed_and_early_enough(
    later: timedelta, took: timedelta, jump: timedelta
) -> None:
    """However far what hangs on dates jumps: what is held is ready when it should be, or the jump or a night before."""
    epoch = datetime(2026, 3, 2, tzinfo=UTC)
    wanted, rehearsed = epoch + later, {}

    def rehearse(begun: Beginning) -> Stand:
        jumps = -((epoch - begun.at - took) // jump)
        rehearsed[begun] = Stand(epoch + jumps * jump)
        return rehearsed[begun]

    stand = rehearsed[beginning(wanted, frozenset(), rehearse)]
    assert timedelta() <= wanted - stand.held_at < jump + A_NIGHT


def test_other_dice_are_cast_where_no_beginning_leads_to_the_stand() -> None:
    """A scene in which something else is overdue is not taken while another cast shows what was wanted."""
    wanted = datetime(2026, 3, 5, 1, 35, tzinfo=UTC)

    def rehearse(begun: Beginning) -> Stand:
        late = frozenset({"roles_rights"}) if begun.take < 2 else frozenset[str]()
        return Stand(begun.at + timedelta(days=9), late)

    chosen = beginning(wanted, frozenset(), rehearse)
    assert (chosen.take, chosen.at) == (2, wanted - timedelta(days=9))
