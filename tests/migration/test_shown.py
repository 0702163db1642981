"""What the read models make of a migration in mid stream: the same as the rules do."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings

from domain.definition import Definition
from domain.events import Event
from domain.migration import migrate_run
from domain.run import RUN, Run, start_run
from domain.words import Actor, Rejected, StepKey
from projections.facts.run import RunFacts
from projections.facts.run_folds import RUN_FACTS, RUN_TRAIL, RUN_VALUES
from projections.facts.step import StepFacts
from projections.facts.trail import RunTrail
from projections.facts.values import RunValues
from tests.domain.documents import definition, step
from tests.migration.processes import OFFICE, Document, deeds, did, known, version
from tests.migration.test_laws import LATER, answers, pairs
from tests.support.given import BO, NINE
from tests.support.people import EVERYBODY
from tests.support.sights import seen_by


def folded(events: list[Event]) -> tuple[RunFacts, RunValues, RunTrail]:
    """What the read models hold after these events, as they are stored."""
    states = RUN_FACTS.make(), RUN_VALUES.make(), RUN_TRAIL.make()
    for event in events:
        for fold, state in zip((RUN_FACTS, RUN_VALUES, RUN_TRAIL), states, strict=True):
            fold.take(state, event)
    return states


def test_what_was_sensitive_stays_masked():
    """A field that is gone, or no longer sensitive, is hidden from the same people as before, also in the history."""
    secret = {"key": "note", "title": "Note", "kind": "text", "sensitive": True}
    old = definition(step("a", fields=[secret]), step("b"))
    for fields in ([], [{**secret, "sensitive": False}]):
        new = definition(step("a", fields=fields), step("b"))
        sight = seen_by("person:eve", Run(), new, sees_values=True, sees_sensitive=False, earlier=(old,))
        assert not sight.sees_field(StepKey("a"), "note")
    gone = seen_by(
        "person:eve", Run(), definition(step("b")), sees_values=True, sees_sensitive=False, earlier=(old,)
    )
    assert not gone.sees_field(StepKey("a"), "note")


@settings(max_examples=150, deadline=None)
@given(pairs, deeds, answers)
def test_the_read_models_follow_a_migration(
    pair: tuple[Document, Document], doings: Any, choices: dict[str, str]
):
    """Every step of the new version stands where the run's state says, with its due and assignee."""
    old, new = version(pair[0], 1), version(pair[1], 2)
    inputs = {"plan": "small", "go_live": "2026-03-20"}
    by = Actor("person:start")
    events: list[Event] = list(
        start_run(None, old, name="x", inputs=inputs, by=by, at=NINE, calendar=OFFICE, directory=EVERYBODY)
    )
    run: Run = known(RUN.fold(events))
    for clock, doing in enumerate(doings):
        more = did(run, old, doing, clock)
        events, run = [*events, *more], known(RUN.fold(more, run))
    seen = _told(folded(events)[0], old)
    for target, before in ((new, old), (old, new)):
        given_back = choices if target is new else {}
        try:
            more = migrate_run(
                run, before, target, given_back, None, by=BO, at=LATER, calendar=OFFICE, directory=EVERYBODY
            )
        except Rejected:
            return
        events, run = [*events, *more], known(RUN.fold(more, run))
        facts, values, trail = folded(events)
        assert (facts.process_version, trail.process_version) == (target.version, target.version)
        assert facts.removed == run.removed
        assert values.hidden == run.hidden
        for key in target.steps:
            shown, now = facts.steps.get(key), run.step(key)
            assert (shown.state if shown else "locked") == now.state, key
            if shown is not None and now.is_open:
                assert (shown.due_at, shown.assignee) == (now.due_at, now.assignee), key
                assert shown.round == now.round
            if shown is not None:
                assert shown.added_later == now.added_later
                assert (shown.help is None) == (now.help_wanted is None)
                assert (shown.questioned, sorted(shown.doubted)) == (
                    bool(now.questioned),
                    sorted(now.doubted),
                )
    assert _told(folded(events)[0], old) == seen, "there and back"


def _told(facts: RunFacts, process: Definition) -> dict[StepKey, tuple[Any, ...]]:
    """What the read models tell of each step, but for instants that count from the migration."""
    return {key: _step_told(facts.steps.get(key) or StepFacts()) for key in process.steps}


def _step_told(step: StepFacts) -> tuple[Any, ...]:
    over = step.state in ("done", "skipped", "failed")
    return (
        step.state, step.round, step.questioned, step.doubted, step.approvals, step.approved_by, step.help,
        step.outcome, step.added_later, (step.by, step.ended_at) if over else None,
        None if step.state in ("locked", "not_applicable") else (step.assignee, step.due_at),
    )  # fmt: skip
