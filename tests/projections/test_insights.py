"""What the runs of a process teach: every figure against runs whose answers are known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import psycopg
import pytest

from domain.definition import Definition
from domain.events import Event, StepCompleted
from domain.run import (
    RUN,
    Run,
    complete_by_hand,
    complete_step,
    give_approval,
    override_stage,
    refuse_approval,
    reopen_step,
    set_step_due,
    skip_step,
    start_run,
    start_step,
)
from domain.schedule import Calendar
from domain.words import Actor, StageKey, StepKey, process_stream
from projections import queries
from projections.answers import Insights, Loop, Oddity
from projections.asking import NotFound
from projections.engine.live import Projector
from projections.registry import PROJECTIONS
from store.log import Append, Log, NewEvent
from tests.projections.histories import stream_of
from tests.support.databases import Database
from tests.support.people import EVERYBODY, knowing

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
OFFICE = Calendar()
ANN, BEN = Actor("person:ann"), Actor("person:ben")
DOCUMENT: dict[str, Any] = {
    "key": "offer", "title": "Offer", "roles": [{"key": "maker", "title": "Maker"}],
    "stages": [{"key": "made", "title": "Made", "steps": [
        {"key": "draft", "title": "Draft", "due": {"anchor": {"step_ready": "draft"}, "offset": 1, "unit": "hours"}},
        {"key": "check", "title": "Check", "kind": "approval", "approval": {"covers": ["draft"]}},
        {"key": "extra", "title": "Extra", "required": False},
    ]}, {"key": "known", "title": "Known", "steps": [
        {"key": "told", "title": "Told", "kind": "wait", "after": ["check"], "wait": {"event": "told"}},
    ]}],
}  # fmt: skip
DEFINITION = Definition.load("offer", 1, DOCUMENT)
AIMED = Definition.load("offer", 3, {**DOCUMENT, "target_stage": "made"})


class Told:
    """One run, told step by step; every ``after`` is hours on the clock since its start."""

    def __init__(self, name: str, version: int = 1, **more: Any) -> None:
        self.name = name
        self.definition = AIMED if version == 3 else Definition("offer", version, DEFINITION.document)
        self.events: list[Event] = []
        self.run: Run | None = None
        self._take(
            start_run(None, self.definition, by=ANN, at=MONDAY, calendar=OFFICE, directory=EVERYBODY, **more)
        )

    def do(self, decision: Any, after: float, *args: Any, by: Actor = ANN, plain: bool = False) -> Told:
        """Decide something so many hours after the start."""
        extra: dict[str, Any] = {} if plain else {"calendar": OFFICE}
        extra |= knowing(decision)
        self._take(
            decision(self.run, self.definition, *args, by=by, at=MONDAY + timedelta(hours=after), **extra)
        )
        return self

    def _take(self, events: Sequence[Event]) -> None:
        self.events += events
        self.run = RUN.fold(events, self.run)


DRAFT, CHECK, EXTRA, WAIT = map(StepKey, ("draft", "check", "extra", "told"))


def straight(name: str, version: int = 1, slower: float = 1, **more: Any) -> Told:
    """Draft begun after 1 h and done after 2, checked after 4, told by hand after 5 (times ``slower``)."""
    told = Told(name, version, **more).do(start_step, 1 * slower, DRAFT, plain=True)
    told.do(complete_step, 2 * slower, DRAFT).do(give_approval, 4 * slower, CHECK, by=BEN)
    return told.do(complete_by_hand, 5 * slower, WAIT, "called them")


def sent_back(name: str) -> Told:
    """The draft is refused once, done again, approved; then told. The extra step is skipped."""
    told = Told(name, target_at=MONDAY + timedelta(hours=8))
    told.do(complete_step, 1, DRAFT).do(refuse_approval, 2, CHECK, "not yet", by=BEN)
    told.do(complete_step, 6, DRAFT).do(give_approval, 7, CHECK, by=BEN).do(skip_step, 8, EXTRA, "not now")
    return told.do(complete_by_hand, 10, WAIT, "called them")


@pytest.fixture
def learned(read_database: Database, log: Log) -> Iterator[Any]:
    """Stores runs and asks for the insights of some version at some hour."""
    with (
        Projector(read_database.app_url, log, projections=PROJECTIONS) as projector,
        psycopg.connect(read_database.app_url, autocommit=True) as connection,
    ):

        def ask(runs: Sequence[Told], version: int | None = None, after: float = 100) -> Insights:
            keep(log, runs)
            projector.catch_up()
            return queries.insights(connection, "offer", version, now=MONDAY + timedelta(hours=after))

        yield ask


def keep(log: Log, runs: Sequence[Told]) -> None:
    """Put two versions of the process, and the runs, into the log."""
    aimed = {**DOCUMENT, "target_stage": "made"}
    versions = [
        (
            "process_version_published",
            {"process": "offer", "note": "", "document": document, "process_version": number},
        )
        for number, document in enumerate((DOCUMENT, DOCUMENT, aimed), 1)
    ]
    streams = [(process_stream("offer"), [(*one, MONDAY) for one in versions])]
    for told in runs:
        facts = [
            (event.type, event.model_dump(mode="json", exclude={"at", "by"}), event.at)
            for event in told.events
        ]
        streams.append((stream_of(told.name), facts))
    for stream, found in streams:
        new = [NewEvent(kind, 1, orjson.dumps(data).decode(), "{}", at) for kind, data, at in found]
        log.append([Append(stream, 0, new)])


def step_of(told: Insights, key: str) -> Any:
    """The figures of one step."""
    return next(step for step in told.steps if step.key == key)


def test_times_are_percentiles_with_linear_interpolation(learned: Any):
    """Two runs of 5 and 10 hours: the median lies between them, the 85th percentile at 85 % of the way."""
    told = learned([straight("a"), straight("b", slower=2)])
    assert (told.whole.cycle_hours.count, told.whole.cycle_hours.p50, told.whole.cycle_hours.p85) == (
        2,
        7.5,
        9.25,
    )
    assert told.whole.cycle_hours_mean == 7.5
    draft = step_of(told, "draft")
    assert (draft.waiting_hours.p50, draft.working_hours.p50, draft.cycle_hours.p50) == (1.5, 1.5, 3)
    assert (draft.waiting_hours_sum, draft.working_hours_sum) == (3, 3)
    check = step_of(told, "check")
    assert (check.waiting_hours.count, check.working_hours.count, check.cycle_hours.p50) == (0, 0, 3)


def test_dues_that_were_kept_are_counted(learned: Any):
    """The draft is due an hour after it is ready: one of three rounds with a due was done in time."""
    told = learned([straight("a"), sent_back("b")])
    draft = step_of(told, "draft")
    assert (draft.rounds, draft.runs, draft.with_due, draft.on_time) == (3, 2, 3, 1)
    assert (told.whole.with_target, told.whole.on_time) == (1, 0)


def test_a_target_of_a_stage_is_met_by_the_end_of_that_stage(learned: Any):
    """Made after 4 hours, over after 5, to be met at 4.5: on time only where the version names the stage."""
    at = MONDAY + timedelta(hours=4.5)
    told = learned(
        [straight("a", target_at=at), straight("b", 3, target_at=at), straight("c", 3, 2, target_at=at)]
    )
    assert [(one.version, one.with_target, one.on_time) for one in told.versions] == [(1, 1, 0), (3, 2, 1)]


def test_versions_are_told_apart(learned: Any):
    """Figures of one version are those of its runs only; all together stand first."""
    told = learned([straight("a"), straight("b", 2, slower=2), sent_back("c")])
    assert [(one.version, one.runs, one.cycle_hours.p50) for one in told.versions] == [
        (1, 2, 7.5),
        (2, 1, 10),
    ]
    assert (told.whole.version, told.whole.runs, told.whole.completed) == (None, 3, 3)


def test_one_version_can_be_asked_for(learned: Any):
    """Nothing of another version is in its answer."""
    told = learned([straight("a"), straight("b", 2, slower=2)], 2)
    assert (told.whole.runs, told.whole.cycle_hours.p50) == (1, 10)


def test_a_version_that_is_not_there_is_not_found(learned: Any):
    """The process is, and the answer says which of the two it is."""
    with pytest.raises(NotFound) as missing:
        learned([], 4)
    assert missing.value.kind == "process version"


def test_first_pass_and_what_is_sent_back(learned: Any):
    """One of two drafts was approved at first; the refusal is a loop from the approval to the draft."""
    told = learned([straight("a"), sent_back("b")])
    approval = told.approvals[0]
    assert (approval.judged, approval.at_first, approval.refusals, approval.refusals_max) == (2, 1, 1, 1)
    assert told.first_pass == 0.5
    assert told.loops == (Loop("check", "draft", 1, 1),)
    assert told.whole.again == 1


def test_a_person_who_reopens_is_a_loop_without_a_source(learned: Any):
    """Nobody knows which step made them do it; dependents that are done again count for themselves."""
    again = straight("a").do(reopen_step, 6, DRAFT, "wrong", "reopen")
    told = learned([again], after=8)
    assert told.loops == (Loop(None, "check", 1, 1), Loop(None, "draft", 1, 1), Loop(None, "told", 1, 1))
    assert (told.whole.open, told.whole.completed, told.whole.cycle_hours.count) == (1, 0, 0)


def test_what_went_another_way_is_listed(learned: Any):
    """Skips, work by hand, dues and stages set by hand; only runs without the grave ones are conforming."""
    plain = Told("c").do(complete_step, 1, DRAFT).do(set_step_due, 2, CHECK, MONDAY + timedelta(days=3))
    moved = Told("d").do(override_stage, 1, StageKey("known"), "said so", plain=True)
    told = learned([straight("a"), sent_back("b"), plain, moved])
    assert set(told.oddities) == {
        Oddity("by_hand", "told", 2, 2), Oddity("skipped", "extra", 1, 1), Oddity("due_by_hand", "check", 1, 1),
        Oddity("stage_overridden", None, 1, 1),
    }  # fmt: skip
    assert told.conforming == 1


def test_history_may_be_out_of_order(learned: Any):
    """What was done before what it waits for is found; a step that was skipped ahead is a skip and nothing else."""
    ahead = Told("a").do(skip_step, 1, WAIT, "no need")
    early = Told("b")
    done = StepCompleted(step=CHECK, round=1, by=BEN, at=MONDAY + timedelta(hours=1))
    early._take([done, StepCompleted(step=DRAFT, round=1, by=ANN, at=MONDAY + timedelta(hours=2))])
    told = learned([ahead, early])
    assert set(told.oddities) == {Oddity("skipped", "told", 1, 1), Oddity("out_of_order", "check", 1, 1)}


def test_the_ends_of_a_step_add_up_to_the_runs(learned: Any):
    """Done, skipped, cancelled, not applicable, failed, open and locked are never mixed."""
    told = learned([straight("a"), sent_back("b"), Told("c")])
    assert step_of(told, "draft").ends == {"done": 2, "ready": 1}
    assert step_of(told, "extra").ends == {"cancelled": 1, "skipped": 1, "locked": 1}
    assert all(sum(step.ends.values()) == told.whole.runs for step in told.steps)


def test_where_open_runs_are(learned: Any):
    """How many can be worked on at which step, and since when."""
    halfway = Told("c").do(complete_step, 4, DRAFT)
    told = learned([straight("a"), Told("b"), halfway], after=10)
    assert [(one.key, one.runs, one.hours.p50) for one in told.sitting] == [("check", 1, 6), ("draft", 1, 10)]
    assert (told.resting, told.whole.open) == (0, 2)


def test_tests_count_nowhere(learned: Any):
    """Not a figure moves."""
    told = learned([straight("a", test=True)])
    assert (told.whole.runs, told.versions, told.loops, told.sitting, told.first_pass) == (
        0,
        (),
        (),
        (),
        None,
    )
