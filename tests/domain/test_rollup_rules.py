"""Promises about the rules of the roll-up, each told from what happened at the steps to what the card shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.definition import Definition
from domain.document import Document
from domain.events import EVENT_TYPES, Event, StepBecameNotApplicable, StepCompleted, StepRelocked
from domain.rollup import Card, Fact, roll_up
from domain.run import (
    RUN,
    cancel_run,
    clear_stage_override,
    complete_step,
    decline_signature,
    move_run,
    override_stage,
    pause_run,
    reopen_step,
    request_help,
    set_step_due,
    skip_step,
    start_run,
    start_step,
)
from domain.words import StepKey
from projections.answers import Card as Shown
from projections.board.rows import BOARD, card_facts
from projections.cards import card as cards
from projections.cards.judging import Judge
from projections.cards.row import CardRow
from projections.engine.projection import Subject
from projections.facts.run import RunFacts
from projections.facts.run_folds import RUN_FACTS
from tests.support.given import BO, DANA, NINE, Story

HIRE: dict[str, Any] = {
    "key": "hire",
    "title": "Hire",
    "roles": [{"key": "lead", "title": "Lead"}],
    "stages": [
        {"key": "added", "title": "Hire added", "steps": [{"key": "add", "title": "Add the hire", "role": "lead"}]},
        {
            "key": "check",
            "title": "Background check",
            "target_days": 5,
            "steps": [
                {"key": "submitted", "title": "Files submitted", "role": "lead"},
                {"key": "processed", "title": "Files processed", "role": "lead", "weight": 2},
                {"key": "approved", "title": "Files approved", "role": "lead", "kind": "sign",
                 "outcome": "Approved", "gate": {"blocks": "following_stages"},
                 "signature": {"on_decline": {"ends_run": "Not hired"}}},
            ],
        },
        {"key": "training", "title": "Training", "steps": [
            {"key": "train", "title": "Training", "role": "lead"},
            {"key": "extra", "title": "Extra course", "role": "lead", "required": False, "after": ["approved"]}]},
        {"key": "finished", "title": "Onboarding finished", "steps": [
            {"key": "finish", "title": "Onboarding finished", "role": "lead", "after": ["train"]}]},
    ],
}  # fmt: skip
DEFINITION = Definition("hire", 1, Document.model_validate(HIRE))
STAGES = ["Hire added", "Background check", "Training", "Onboarding finished"]


def the_only(process: str, version: int) -> Definition:
    """There is one process of one version."""
    assert (process, version) == ("hire", 1)
    return DEFINITION


@dataclass(frozen=True)
class Told:
    """A run that is told step by step: decisions on one side, the card that its project shows on the other."""

    story: Story
    events: tuple[Event, ...] = ()

    def when(self, decision: Any, *args: Any, **named: Any) -> Told:
        """Somebody decides; what follows is folded by the rules and by the read models."""
        decided = self.story.when(decision, *args, **named).events()
        return Told(self.story.given(decided), (*self.events, *decided))

    def done(self, *steps: str, **named: Any) -> Told:
        """These steps are completed, one after the other."""
        told = self
        for step in steps:
            told = told.when(complete_step, StepKey(step), **named)
        return told

    @property
    def facts(self) -> RunFacts:
        """What the read models know of the run."""
        return folded(self.events)

    @property
    def card(self) -> Card:
        """The roll-up, without a clock."""
        return card_facts(self.facts, DEFINITION, the_only)

    def shown(self, now: datetime = NINE) -> Shown:
        """The card as an answer holds it."""
        subject = Subject(UUID(int=1), len(self.events), [self.facts], the_only)
        ((_, row),) = BOARD.sources["run"].rows(subject)
        return cards.card_of(CardRow(*row), Judge(now))


def folded(events: Iterable[Event]) -> RunFacts:
    """The read models' fold of these events."""
    facts = RunFacts()
    for event in events:
        RUN_FACTS.take(facts, event)
    return facts


@pytest.fixture
def hired() -> Told:
    """Somebody was hired: the run has begun."""
    story = Story(RUN, DEFINITION)
    return Told(story).when(start_run, name="Jo", roles={"lead": DANA})


def states(told: Told) -> list[str]:
    """The states of the four stages."""
    return [stage.state for stage in told.card.stages]


def test_the_example_of_the_hire(hired: Told):
    """The project shows four stages completing; inside the background check three steps have to end first."""
    assert [stage.title for stage in hired.card.stages] == STAGES
    assert states(hired) == ["in_progress", "not_started", "not_started", "not_started"]
    checking = hired.done("add")
    assert states(checking) == ["done", "in_progress", "not_started", "not_started"]
    for step in ("submitted", "processed"):
        checking = checking.done(step)
        assert (checking.card.current_stage, states(checking)[1]) == ("check", "in_progress")
    trained = checking.done("approved")
    assert states(trained) == ["done", "done", "in_progress", "not_started"]
    finishing = trained.done("train")
    assert states(finishing) == ["done", "done", "done", "in_progress"]
    finished = finishing.done("finish")
    assert (states(finished), finished.card.state) == (["done"] * 4, "done")


def test_a_later_step_does_not_move_the_card(hired: Told):
    """The first stage with a required open step counts; work in another one shows as a chip."""
    told = hired.done("add", "submitted", "processed", "approved", "train")
    again = told.when(reopen_step, StepKey("processed"), "One file was wrong", dependents="keep", by=BO)
    assert (again.card.current_stage, again.card.also_in) == ("check", ("training", "finished"))


def test_a_declined_gate_is_failed_whatever_else_there_is(hired: Told):
    """Failed comes before help, blocked and late."""
    told = hired.done("add", "submitted", "processed").when(request_help, StepKey("approved"), "Who signs?")
    assert states(told)[1] == "needs_help"
    declined = told.when(decline_signature, StepKey("approved"), "The papers are forged")
    assert (states(declined)[1], declined.card.state) == ("failed", "failed")


def test_help_comes_before_late_and_blocked(hired: Told):
    """A stage whose open step is overdue still says first that somebody asked for help."""
    overdue = hired.when(set_step_due, StepKey("add"), NINE + timedelta(hours=1))
    later = NINE + timedelta(hours=2)
    assert overdue.shown(later).state == "late"
    asked = overdue.when(request_help, StepKey("add"), "No account")
    assert asked.shown(later).state == "needs_help"
    assert asked.shown(later).stages[0].state == "needs_help"


def test_a_passed_stage_target_makes_late_in_working_days(hired: Told):
    """Five working days from a Monday morning end on the next Monday at five; before that nothing is late."""
    checking = hired.done("add")
    monday = datetime(2026, 3, 9, 17, tzinfo=UTC)
    assert checking.shown(monday).state == "in_progress"
    assert checking.shown(monday).stages[1].target_at == monday
    late = checking.shown(monday + timedelta(seconds=1))
    assert (late.state, late.stages[1].state) == ("late", "late")
    passed = checking.done("submitted", "processed", "approved").shown(monday + timedelta(days=1))
    assert passed.state == "in_progress", "a stage that is done has no target any more"


def test_the_forecast_warns_only_where_nothing_is_worse(hired: Told):
    """At risk comes after late and before in progress."""
    told = hired.when(set_step_due, StepKey("add"), NINE + timedelta(hours=1))
    risky = Judge(NINE, at_risk=frozenset({UUID(int=1)}))
    row = row_of(told)
    assert cards.card_of(row, risky).state == "at_risk"
    assert cards.card_of(row, replace(risky, now=NINE + timedelta(hours=2))).state == "late"


def row_of(told: Told) -> CardRow:
    """The card's row of a run."""
    subject = Subject(UUID(int=1), 1, [told.facts], the_only)
    ((_, row),) = BOARD.sources["run"].rows(subject)
    return CardRow(*row)


def test_progress_weighs_steps_and_leaves_out_what_was_set_aside(hired: Told):
    """Seven weights in all; a skipped step counts neither as done nor as to be done."""
    told = hired.done("add", "submitted")
    assert told.card.progress == pytest.approx(2 / 8)
    skipped = told.when(skip_step, StepKey("processed"), "Done by the agency")
    assert skipped.card.progress == pytest.approx(2 / 6)
    assert skipped.card.lowered == ()


def test_progress_is_never_lower_without_its_cause(hired: Told):
    """A reopened step says so on the card until it is done again."""
    told = hired.done("add", "submitted", "processed", "approved", "train")
    again = told.when(reopen_step, StepKey("train"), "The room was wrong")
    assert again.card.progress < told.card.progress
    assert again.shown().lowered == ("Training was reopened",)
    assert again.done("train").shown().lowered == ()


def test_a_step_that_waits_again_after_it_was_set_aside_is_a_cause():
    """A migration may lock what a condition had set aside: it counts again, and the card says so."""
    facts, train = RunFacts(), StepKey("train")
    RUN_FACTS.take(facts, StepBecameNotApplicable(step=train, cause="migration", by=BO, at=NINE))
    RUN_FACTS.take(facts, StepRelocked(step=train, cause="migration", by=BO, at=NINE))
    assert roll_up(DEFINITION, "running", facts.steps).lowered == ("+1 step: Training takes part again",)


KEYS = ("add", "submitted", "processed", "approved", "train", "extra", "finish")
CHANGES = ("step_completed", "step_skipped", "step_started", "step_reopened", "step_became_not_applicable",
           "step_became_applicable", "step_became_ready", "step_failed")  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(CHANGES), st.sampled_from(KEYS)), max_size=40))
def test_whatever_happens_progress_falls_only_with_its_cause(happenings: list[tuple[str, str]]):
    """After each event progress is where it was, or higher, or the card says why it is not."""
    facts, at = RunFacts(), NINE
    rounds = dict.fromkeys(KEYS, 1)
    before = 0.0
    for kind, key in happenings:
        rounds[key] += kind == "step_reopened"
        data = {"step": key, "round": rounds[key], "cause": "rule", "reason": "why", "outcome": "so"}
        now = facts.steps.get(StepKey(key))
        if not possible(kind, None if now is None else now.state):
            rounds[key] -= kind == "step_reopened"
            continue
        RUN_FACTS.take(facts, EVENT_TYPES[kind].model_validate({**data, "by": BO, "at": at}))
        card = roll_up(DEFINITION, "running", facts.steps)
        assert card.progress >= before or card.lowered
        assert card.percent < 100 or all(not stage.unfinished for stage in card.stages)
        before = card.progress


def possible(kind: str, state: str | None) -> bool:
    """What rules let happen: only what has ended is reopened, only what was set aside takes part again."""
    ended = state in ("done", "skipped", "failed")
    match kind:
        case "step_reopened":
            return ended
        case "step_became_applicable":
            return state == "not_applicable"
        case "step_became_not_applicable":
            return state != "not_applicable" and state not in ("skipped", "failed")
        case _:
            return not ended and state != "not_applicable"


def test_a_new_version_says_how_many_steps_it_added():
    """+2 steps, version 5: until they are done."""
    added = [
        *HIRE["stages"][2]["steps"],
        {"key": "quiz", "title": "Quiz"},
        {"key": "badge", "title": "Badge"},
    ]
    stages = [*HIRE["stages"][:2], {**HIRE["stages"][2], "steps": added}, HIRE["stages"][3]]
    newer = Definition("hire", 5, Document.model_validate({**HIRE, "stages": stages}))
    facts = folded(())
    assert roll_up(newer, "running", facts.steps, None, DEFINITION).lowered == ("+2 steps, version 5",)
    RUN_FACTS.take(facts, StepCompleted(step=StepKey("quiz"), by=BO, at=NINE))
    assert roll_up(newer, "running", facts.steps, None, DEFINITION).lowered == ("+1 step, version 5",)


def versions(*weights: dict[str, float]) -> list[Definition]:
    """Versions of one stage with steps of these weights."""
    return [
        Definition("hire", number, Document.model_validate({
            "key": "hire", "title": "Hire", "stages": [{"key": "all", "title": "All", "steps": [
                {"key": key, "title": key, "after": [], "weight": weight} for key, weight in steps.items()]}],
        }))
        for number, steps in enumerate(weights, 4)
    ]  # fmt: skip


def test_a_new_version_says_that_done_steps_no_longer_count():
    """Of four steps two were done; the version that takes one of them away shows a third, and why."""
    older, newer = versions(dict.fromkeys("abcd", 1.0), dict.fromkeys("acd", 1.0))
    facts: dict[Any, Fact] = {"a": Fact("done"), "b": Fact("done")}
    shown = roll_up(newer, "running", facts, None, older)
    assert (shown.percent, shown.lowered) == (33, ("1 step done before no longer counts, version 5",))
    facts["c"] = Fact("done")
    assert roll_up(newer, "running", facts, None, older).lowered != (), "three of four would be more"
    facts["d"] = Fact("done")
    assert roll_up(newer, "running", facts, None, older).lowered == (), "made good"


def test_a_new_version_says_that_steps_weigh_otherwise():
    """What is open weighs more than it did."""
    older, newer = versions({"a": 1.0, "b": 1.0}, {"a": 1.0, "b": 3.0})
    shown = roll_up(newer, "running", {StepKey("a"): Fact("done")}, None, older)
    assert (shown.percent, shown.lowered) == (25, ("other weights, version 5",))
    assert roll_up(older, "running", {StepKey("a"): Fact("done")}, None, newer).lowered == ()


WEIGHTS = st.dictionaries(st.sampled_from("abcde"), st.sampled_from([0.5, 1.0, 2.0, 7.0]), min_size=1)
STATES = st.sampled_from(["locked", "ready", "in_progress", "done", "skipped", "not_applicable", "failed"])


@given(WEIGHTS, WEIGHTS, st.dictionaries(st.sampled_from("abcde"), STATES))
def test_no_version_lowers_progress_without_its_cause(
    old: dict[str, float], new: dict[str, float], states: dict[str, str]
):
    """Whatever steps it adds, takes away or weighs otherwise, and wherever the run is."""
    older, newer = versions(old, new)
    facts = {StepKey(key): Fact(state) for key, state in states.items()}
    was, now = roll_up(older, "running", facts), roll_up(newer, "running", facts, None, older)
    assert now.progress >= was.progress or now.lowered


def test_a_paused_run_that_needs_help_says_so(hired: Told):
    """Needs help comes before blocked, and pausing makes a run blocked."""
    paused = hired.when(request_help, StepKey("add"), "No account").when(pause_run, "Holidays")
    assert paused.shown().state == "needs_help"
    assert hired.when(pause_run, "Holidays").shown().state == "blocked"


def test_the_outcome_of_a_gate_names_who_and_when(hired: Told):
    """Approved by Dana, 12 Nov: the year only when it is another one."""
    at = datetime(2026, 11, 12, 10, tzinfo=UTC)
    told = hired.done("add", "submitted", "processed").done("approved", at=at)
    assert told.shown(at).stages[1].said == "Approved by Dana, 12 Nov"
    assert told.shown(at + timedelta(days=90)).stages[1].said == "Approved by Dana, 12 Nov 2026"


def test_an_override_holds_until_the_steps_give_another_stage(hired: Told):
    """It is shown with its reason and by whom; real progress ends it, and so does clearing it."""
    put = hired.done("add").when(override_stage, "training", "Begins on Monday anyway", by=BO)
    shown = put.shown()
    assert shown.override is not None
    assert (shown.stage, shown.override.steps_stage) == ("training", "check")
    assert (shown.override.reason, shown.override.by) == ("Begins on Monday anyway", BO)
    cleared = put.when(clear_stage_override)
    assert (cleared.shown().stage, cleared.shown().override) == ("check", None)
    moved_on = put.done("submitted", "processed", "approved", "train").shown()
    assert (moved_on.stage, moved_on.override) == ("finished", None)


def test_a_card_is_put_back_by_naming_the_stage_of_its_steps(hired: Told):
    """Overriding with the stage that the steps give clears the override."""
    put = hired.when(override_stage, "training", "Begins on Monday anyway")
    put.story.when(override_stage, "added", "A mistake").then_types("stage_override_cleared")
    put.story.when(override_stage, "training", "Once more").then_types()


def test_a_run_moves_freely_within_its_column_only(hired: Told):
    """Elsewhere it is refused with the required steps that are open, in document order, and whose they are."""
    story = hired.done("add").story
    story.when(move_run, "check", "a1").then_types("run_ranked")
    refusal = story.when(move_run, "training", "a1").rejected("stage_has_open_steps", stage="check")
    assert [step["step"] for step in refusal.facts["open_steps"]] == ["submitted", "processed", "approved"]
    assert refusal.facts["open_steps"][0]["who"] == DANA
    story.when(move_run, "added", "a1").rejected(
        "stage_has_open_steps", accepted=["override-stage", "reopen"]
    )
    story.when(move_run, "nowhere", "a1").rejected("unknown_stage")


def test_a_cancelled_run_is_late_no_more(hired: Told):
    """The clock moves nothing on a run that has ended."""
    over = hired.done("add").when(start_step, StepKey("submitted")).when(cancel_run, "Took another job")
    shown = over.shown(NINE + timedelta(days=60))
    assert (shown.state, shown.stages[1].target_at) == ("cancelled", None)
