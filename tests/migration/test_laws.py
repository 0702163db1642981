"""Laws of migration: whatever the versions and whatever happened to the run before."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.condition import holds
from domain.definition import Definition
from domain.lint import lint
from domain.migration import migrate_run, plan
from domain.rollup import Fact, roll_up
from domain.run import RUN, Run, StepState, complete_step, give_approval, resume_run, save_values
from domain.run.reopening import reopen_step
from domain.words import Actor, Rejected, StepKey
from tests.migration.processes import (
    OFFICE,
    Document,
    begun,
    changed,
    changes,
    deeds,
    did,
    documents,
    known,
    version,
    worked,
)
from tests.support.given import BO, NINE
from tests.support.people import EVERYBODY

LATER = NINE + timedelta(days=3)
WELL = {"done", "skipped", "not_applicable"}
answers = st.fixed_dictionaries({
    "step_added": st.sampled_from(["not_applicable", "required"]),
    "field_required": st.sampled_from(["leave", "reopen", "ask"]),
    "content": st.sampled_from(["leave", "reopen"]),
})  # fmt: skip
pairs = st.builds(lambda document, drawn: (document, changed(document, drawn)), documents(), changes)


def moved(run: Run, old: Definition, new: Definition, choices: dict[str, str]) -> Run | None:
    """The run after its migration; None where a rule said no."""
    try:
        events = migrate_run(
            run, old, new, choices, "because", by=BO, at=LATER, calendar=OFFICE, directory=EVERYBODY
        )
    except Rejected as refusal:
        if refusal.code != "migration_blocked":
            raise
        return None
    after = known(RUN.fold(events, run))
    assert (
        migrate_run(
            after, old, new, choices, "because", by=BO, at=LATER, calendar=OFFICE, directory=EVERYBODY
        )
        == []
    )
    return after


def assert_stands(run: Run, process: Definition) -> None:
    """Every step stands where the graph of the run's version says, and the run is not stuck."""
    for key in process.steps:
        step = run.step(key)
        if step.state in ("skipped", "failed") or step.kept or step.added_later:
            continue
        waits = [other for other in process.dependencies[key] if run.step(other).state not in WELL]
        waits += [other for other in _asked_anew(run, process) if key in process.behind(other)]
        if step.evidence:
            continue
        if waits:
            assert step.state == "locked", (key, step.state, waits)
        elif not holds(process.steps[key].when, run.values, UTC):
            assert step.state == "not_applicable", key
        elif run.state == "running":
            assert step.is_open, (key, step.state)
    assert not any(run.step(key).is_open for key in run.removed)
    if run.state == "running":
        at_hand = any(run.step(key).is_open or run.step(key).state == "failed" for key in process.steps)
        assert at_hand, "something is to be done"


def _asked_anew(run: Run, process: Definition) -> list[StepKey]:
    """Decisions that are void and not made anew: all behind them waits, over whatever is done between."""
    open_ = (key for key, step in run.steps.items() if step.asked_anew is not None and step.state not in WELL)
    return [key for key in open_ if key in process.steps]


def finished(run: Run, process: Definition) -> Run:
    """The run after everything that can be worked on was done, again and again."""
    if run.state == "paused":
        run = known(
            RUN.fold(resume_run(run, process, by=BO, at=LATER, calendar=OFFICE, directory=EVERYBODY), run)
        )
    for turn in range(200):
        if run.ended:
            return run
        at_hand = [key for key in process.steps if run.step(key).is_open or run.step(key).state == "failed"]
        assert at_hand, "a running run always has something to do"
        run = known(RUN.fold(_worked_off(run, process, at_hand[0], turn), run))
    raise AssertionError("the run does not come to its end")


def _worked_off(run: Run, process: Definition, key: StepKey, turn: int) -> list[Any]:
    by: dict[str, Any] = {"by": Actor(f"person:p{turn}"), "at": LATER}
    if run.step(key).state == "failed":
        return reopen_step(run, process, key, "again", **by, calendar=OFFICE, directory=EVERYBODY)
    missing = {field.key: "text" for field in process.steps[key].fields if field.required}
    who = {**by, "by": Actor(f"person:q{turn}")}
    saved = save_values(run, process, key, missing, **who, calendar=OFFICE, directory=EVERYBODY)
    run = known(RUN.fold(saved, run))
    if process.steps[key].kind == "approval":
        return [*saved, *give_approval(run, process, key, **by, calendar=OFFICE, directory=EVERYBODY)]
    return [*saved, *complete_step(run, process, key, {}, **by, calendar=OFFICE, directory=EVERYBODY)]


@settings(max_examples=250, deadline=None)
@given(pairs, deeds, answers)
def test_no_step_is_left_required_and_unreachable(
    pair: tuple[Document, Document], doings: Any, choices: dict[str, str]
):
    """After a migration every step stands where the new graph says, and working on always ends the run."""
    old, new = version(pair[0], 1), version(pair[1], 2)
    run = worked(begun(old), old, doings)
    after = moved(run, old, new, choices)
    if after is not None:
        assert not after.ended
        assert_stands(after, new)
        done = finished(after, new)
        assert all(done.step(key).state in WELL for key in new.needed)


@settings(max_examples=250, deadline=None)
@given(pairs, deeds, answers)
def test_there_and_back_shows_the_same(pair: tuple[Document, Document], doings: Any, choices: dict[str, str]):
    """States, values, assignees, dues, help, marks, roles and progress are as they were, whatever was answered."""
    old, new = version(pair[0], 1), version(pair[1], 2)
    run = worked(begun(old), old, doings)
    there = moved(run, old, new, choices)
    if there is None:
        return
    back = moved(there, new, old, {})
    assert back is not None
    anew = {key for key, step in run.steps.items() if step.approvals and _asks_anew(step, there.step(key))}
    assert_shows_the_same(back, run, old, anew=anew)


def _asks_anew(step: StepState, there: StepState) -> bool:
    """Whether some had approved, not all, and what they approved is another thing there: they are asked again."""
    return step.is_open and there.round > step.round


def assert_shows_the_same(
    back: Run, run: Run, process: Definition, *, anew: Collection[StepKey] = ()
) -> None:
    """What people see of a run that came back is what they saw before it left; who is asked ``anew`` said nothing."""
    for key in process.steps:
        left_out = {"approvals", "round"} if key in anew else set()
        told = {name: value for name, value in shown(back, process, key).items() if name not in left_out}
        assert told == {
            name: value for name, value in shown(run, process, key).items() if name not in left_out
        }, key
    assert (back.state, back.inputs, back.target_at) == (run.state, run.inputs, run.target_at)
    assert {role: who for role, who in back.roles.items() if role in process.roles} == dict(run.roles)
    assert back.process_version == process.version
    assert card(back, process) == card(run, process)


def card(run: Run, process: Definition) -> tuple[Any, ...]:
    """Where the run stands on a board, and how far it is."""
    facts = {key: Fact(step.state) for key, step in run.steps.items() if key in process.steps}
    rolled = roll_up(process, run.state, facts, None)
    return rolled.current_stage, rolled.progress, [(dot.key, dot.state) for dot in rolled.stages]


def shown(run: Run, process: Definition, key: StepKey) -> dict[str, Any]:
    """What people see of a step; instants at which it became ready count from the migration."""
    step = run.step(key)
    fields = [field.key for field in process.steps[key].fields]
    present = {name: step.draft.get(name, run.values.get(f"{key}.{name}")) for name in fields}
    due = step.due_at if step.is_open or step.due_source == "manual" else None
    return {
        "state": step.state, "round": step.round, "assignee": step.assignee if step.is_open else None,
        "values": {name: value for name, value in present.items() if value is not None}, "due": due,
        "outcome": step.outcome, "help": step.help, "approvals": step.approvals, "doers": step.doers,
        "done_at": step.done_at, "done_by": step.done_by, "questioned": (step.questioned, step.doubted),
        "evidence": step.evidence,
    }  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(pairs, deeds, answers)
def test_the_events_alone_make_the_migrated_run(
    pair: tuple[Document, Document], doings: Any, choices: dict[str, str]
):
    """Replaying the log up to the migration, then what the plan recorded, gives the state; deciding again too."""
    old, new = version(pair[0], 1), version(pair[1], 2)
    run = worked(begun(old), old, doings)
    told: dict[str, Any] = {"by": BO, "at": LATER, "calendar": OFFICE, "directory": EVERYBODY}
    try:
        events = migrate_run(run, old, new, choices, None, **told)
    except Rejected:
        return
    again = migrate_run(run, old, new, events[0].choices, None, **told)  # type: ignore[attr-defined]
    assert again == events
    assert events[0].plan == plan(run, old, new, UTC).as_data()  # type: ignore[attr-defined]
    after = known(RUN.fold(events, run))
    assert (after.process_version, after.followed) == (2, (1,))


@settings(max_examples=150, deadline=None)
@given(documents(), pairs, deeds)
def test_planning_is_total(document: Document, pair: tuple[Document, Document], doings: Any):
    """Any two documents, related or not, and any run: there is a plan, and it is the same when asked again."""
    old = version(document, 1)
    run = worked(begun(old), old, doings)
    for other in (*pair, document):
        new = version(other, 2)
        made = plan(run, old, new, UTC)
        assert made == plan(run, old, new, UTC)
        assert made.verdict in ("safe", "needs_choice", "blocked")
        assert all(finding.reason for finding in made.findings)


@settings(max_examples=150, deadline=None)
@given(pairs, deeds, deeds, answers)
def test_a_migrated_run_goes_on_as_any_other(
    pair: tuple[Document, Document], doings: Any, later: Any, choices: dict[str, str]
):
    """People work on after a migration, and the run stands where its graph says after every deed."""
    old, new = version(pair[0], 1), version(pair[1], 2)
    after = moved(worked(begun(old), old, doings), old, new, choices)
    if after is None:
        return
    for clock, doing in enumerate(later):
        after = known(RUN.fold(did(after, new, doing, 100 + clock), after))
        if not after.ended:
            assert_stands(after, new)


def test_mutations_can_be_published():
    """The random documents are ones that lint accepts: the laws speak of what there can be."""

    @settings(max_examples=60, deadline=None)
    @given(pairs)
    def check(pair: tuple[Document, Document]) -> None:
        for document in pair:
            codes = {problem.code for problem in lint(version(document, 1).document)}
            assert not codes & {"cycle", "unknown_step", "unknown_field"}, codes

    check()


def test_a_step_without_a_past_is_untouched():
    """Nothing that a migration knows is there at first."""
    fresh = StepState()
    assert (fresh.before, fresh.kept, fresh.added_later, fresh.notes) == (None, False, False, {})
