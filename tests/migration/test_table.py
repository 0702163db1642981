"""The table of changes, cell by cell: what a difference does to a run that is ahead of it, at it, or past it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.definition import Definition
from domain.events import (
    HelpRequested,
    RunMigrated,
    StepBecameNotApplicable,
    StepBecameReady,
    StepValuesSaved,
)
from domain.migration import Plan, migrate_run, plan
from domain.migration.findings import Finding
from domain.run import (
    RUN,
    Run,
    assign_step,
    complete_step,
    decline_signature,
    pause_run,
    reopen_step,
    save_values,
    set_step_due,
    start_run,
    start_step,
)
from domain.words import RoleKey, StepKey
from tests.domain.documents import definition, step
from tests.support.given import BO, DANA, NINE, Deed, Story
from tests.support.people import EVERYBODY

A, B, C = "a", "b", "c"
NOTE = {"key": "note", "title": "Note", "kind": "text"}
DUE = {"anchor": "run_start", "offset": 1}


def steps(**changes: dict[str, Any]) -> list[dict[str, Any]]:
    """Three steps, one after the other: a, b, c; with these changes."""
    found = [
        step(A, fields=[NOTE], role="seller"),
        step(B, [A], fields=[NOTE], role="seller"),
        step(C, [B], fields=[NOTE], role="seller"),
    ]
    return [{**one, **changes.get(one["key"], {})} for one in found]


def version(number: int, *parts: dict[str, Any], **more: Any) -> Definition:
    """A version of the process with these steps."""
    made = definition(*parts, **more)
    return Definition(made.process, number, made.document)


OLD = version(1, *steps())


def at(key: str | None, old: Definition = OLD, started: bool = False) -> Story:
    """A run in which everything before this step is done, with values (None: nothing is done)."""
    story = Story(RUN, old).after(start_run, name="x", inputs={"plan": "small", "go_live": "2026-03-20"})
    for one in old.steps:
        if one == key or key is None:
            break
        fields = {field.key: "said" for field in old.steps[one].fields if field.kind in ("text", "long_text")}
        story = story.after(complete_step, one, fields)
    return story.after(start_step, key) if started else story


def planned(story: Story, new: Definition) -> Plan:
    """The plan for the run of this story."""
    assert story.definition is not None
    return plan(story.state, story.definition, new, story.calendar.zone)


def cell(story: Story, new: Definition, change: str, where: str) -> Finding:
    """The one finding about this."""
    found = [one for one in planned(story, new).findings if (one.change, one.where) == (change, where)]
    assert len(found) == 1, planned(story, new).findings
    return found[0]


def migrating(story: Story, new: Definition, **choices: str) -> Deed:
    """The migration of the run of this story; what is decided is decided by Bo."""
    old = story.definition
    assert old is not None
    named = {name.replace("__", ":"): answer for name, answer in choices.items()}
    return replace(story, by=BO, at=NINE + timedelta(hours=1)).when(
        lambda run, *, by, at, calendar, directory: migrate_run(
            run, old, new, named, "new version", by=by, at=at, calendar=calendar, directory=directory
        )
    )


def after(story: Story, new: Definition, *types: str, **choices: str) -> Run:
    """The run after its migration, which decides exactly these events after ``run_migrated``."""
    run: Run = migrating(story, new, **choices).then_types("run_migrated", *types).state
    return run


# --- text, help, role, due ---

TEXT = version(2, *steps(b={"title": "B, better", "instructions": "Do it so"}))
ROLE = version(2, *steps(b={"role": "helper"}))


def test_text_changed_where_the_run_has_not_been():
    """Text of a step ahead applies; nothing else happens."""
    assert cell(at(A), TEXT, "text", "b")[2:5] == ("not_reached", "safe", "applied")
    after(at(A), TEXT)


def test_text_changed_under_way_keeps_the_work():
    """Text of a step under way applies; assignee and values stay."""
    story = at(B, started=True).after(save_values, B, {"note": "half"}).after(assign_step, B, BO, "knows it")
    assert cell(story, TEXT, "text", "b").column == "under_way"
    now = after(story, TEXT).step(StepKey(B))
    assert (now.state, now.draft, str(now.assignee)) == ("in_progress", {"note": "half"}, BO)


def test_text_changed_of_a_done_step():
    """Text of a done step changes, and only that."""
    assert cell(at(C), TEXT, "text", "b")[2:5] == ("done", "safe", "applied")
    assert after(at(C), TEXT).step(StepKey(B)).state == "done"


def test_role_changed_where_the_run_has_not_been():
    """A step ahead goes to its new role when it becomes ready."""
    story = at(A).given(migrating(at(A), ROLE).events())
    done = Story(RUN, ROLE, state=story.state).when(complete_step, A).events()
    assert [one.assignee for one in done if isinstance(one, StepBecameReady)] == [None]


def test_role_changed_under_way_keeps_the_assignee():
    """Who works on a step goes on with it."""
    assert cell(at(B), ROLE, "role", "b")[2:5] == ("under_way", "safe", "kept")
    assert str(after(at(B), ROLE).step(StepKey(B)).assignee) == DANA


def test_role_changed_of_a_done_step():
    """Who did a step is who did it."""
    assert cell(at(C), ROLE, "role", "b")[2:5] == ("done", "safe", "nothing")
    assert after(at(C), ROLE).step(StepKey(B)).done_by == DANA


def test_due_changed_where_the_run_has_not_been():
    """A step ahead will be due by the new rule."""
    new = version(2, *steps(b={"due": DUE}))
    assert cell(at(A), new, "due", "b")[2:5] == ("not_reached", "safe", "applied")
    after(at(A), new)


def test_due_changed_under_way_is_recomputed():
    """An open step is due by the new rule at once."""
    new = version(2, *steps(b={"due": DUE}))
    run = after(at(B), new, "step_due_set")
    assert run.step(StepKey(B)).due_at == NINE.replace(hour=17) + timedelta(days=1)


def test_due_set_by_hand_stays():
    """A due that somebody set wins over the new rule too."""
    story = at(B).after(set_step_due, B, NINE + timedelta(days=9))
    run = after(story, version(2, *steps(b={"due": DUE})))
    assert run.step(StepKey(B)).due_at == NINE + timedelta(days=9)


def test_due_changed_of_a_done_step():
    """A done step is not due any more."""
    new = version(2, *steps(b={"due": DUE}))
    assert cell(at(C), new, "due", "b")[2:5] == ("done", "safe", "nothing")
    after(at(C), new)


# --- fields ---

OPTIONAL = version(2, *steps(b={"fields": [NOTE, {"key": "more", "title": "More", "kind": "text"}]}))
REQUIRED = version(
    2, *steps(b={"fields": [NOTE, {"key": "more", "title": "More", "kind": "text", "required": True}]})
)
NOW_REQUIRED = version(2, *steps(b={"fields": [{**NOTE, "required": True}]}))


@pytest.mark.parametrize(("where", "column"), [(A, "not_reached"), (B, "under_way"), (C, "done")])
def test_an_optional_field_is_added_anywhere(where: str, column: str):
    """An optional field applies wherever the run is; on a done step it is empty."""
    assert cell(at(where), OPTIONAL, "field_added", "b.more")[2:5] == (column, "safe", "applied")
    assert "b.more" not in after(at(where), OPTIONAL).values


def test_a_field_made_required_ahead():
    """It will have to be filled in."""
    assert cell(at(A), REQUIRED, "field_required", "b.more")[2:5] == ("not_reached", "safe", "applied")
    after(at(A), REQUIRED)


def test_a_field_made_required_under_way_blocks_completion():
    """The step cannot be completed without it from now on."""
    run = after(at(B), REQUIRED)
    Story(RUN, REQUIRED, state=run).when(complete_step, B, {"note": "x"}).rejected("invalid_values")


def test_a_field_made_required_on_a_done_step_asks():
    """What was done without it is listed as missing evidence: leave, ask or reopen."""
    found = cell(at(C), REQUIRED, "field_required", "b.more")
    assert found[2:5] == ("done", "choice", "kept")
    assert found.accepted == ("leave", "ask", "reopen")
    assert planned(at(C), REQUIRED).verdict == "needs_choice"
    refusal = migrating(at(C), REQUIRED).rejected("choice_missing")
    assert refusal.facts["missing"][0]["choice"] == "field_required:b.more"
    assert refusal.facts["missing"][0]["accepted"] == ["leave", "ask", "reopen"]


def test_missing_evidence_left():
    """The step stays done; the choice is in the log."""
    deed = migrating(at(C), REQUIRED, field_required="leave")
    [migrated] = deed.events()
    assert isinstance(migrated, RunMigrated)
    assert migrated.choices == {"field_required:b.more": "leave"}


def test_missing_evidence_reopened():
    """The step is done again, with its evidence; what waits for it waits."""
    run = after(
        at(C), REQUIRED, "step_reopened", "step_became_ready", "step_relocked", field_required="reopen"
    )
    assert (run.step(StepKey(B)).state, run.step(StepKey(B)).round) == ("ready", 2)
    assert run.step(StepKey(C)).state == "locked"
    assert run.values["b.note"] == "said"


def test_missing_evidence_asked_for():
    """Somebody is asked for it: help, waiting on who did the step."""
    events = migrating(at(C), REQUIRED, field_required="ask").events()
    assert [one.type for one in events] == ["run_migrated", HelpRequested.type]
    assert (events[1].waiting_on, events[1].step) == (DANA, B)  # type: ignore[attr-defined]


def test_a_field_made_required_that_has_a_value():
    """Nothing is missing, nothing is asked."""
    assert cell(at(C), NOW_REQUIRED, "field_required", "b.note")[2:5] == ("done", "safe", "nothing")
    after(at(C), NOW_REQUIRED)


NUMBER = version(2, *steps(b={"fields": [{"key": "note", "title": "Note", "kind": "number"}]}))


def test_a_field_type_changed_ahead():
    """The field will have its new form."""
    assert cell(at(A), NUMBER, "field_type", "b.note")[2:5] == ("not_reached", "safe", "applied")
    after(at(A), NUMBER)


def test_a_field_type_changed_under_way_converts():
    """A value that loses nothing takes the new form."""
    story = at(B).after(save_values, B, {"note": "12"})
    assert cell(story, NUMBER, "field_type", "b.note")[2:5] == ("under_way", "safe", "converted")
    events = migrating(story, NUMBER).events()
    assert isinstance(events[1], StepValuesSaved)
    assert (events[1].values, events[1].replaced, events[1].cause) == (
        {"note": 12},
        {"note": "12"},
        "migration",
    )


def test_a_field_type_changed_under_way_keeps_what_does_not_convert_as_a_note():
    """A value without a place in the new form stays as a note, and the field is empty."""
    story = at(B).after(save_values, B, {"note": "about a dozen"})
    assert cell(story, NUMBER, "field_type", "b.note")[2:5] == ("under_way", "warning", "noted")
    run = after(story, NUMBER, "step_values_saved")
    assert (run.step(StepKey(B)).draft, run.step(StepKey(B)).notes) == (
        {"note": None},
        {"note": "about a dozen"},
    )


def test_the_old_value_is_back_when_its_form_is():
    """Migrating back shows what was given, also what had no place in between."""
    story = at(B).after(save_values, B, {"note": "about a dozen"})
    there = story.given(migrating(story, NUMBER).events())
    back = migrating(Story(RUN, NUMBER, state=there.state), OLD).events()
    run = there.given(back).state
    assert run.step(StepKey(B)).draft == {"note": "about a dozen"}


def test_a_conversion_makes_nobody_a_doer():
    """Who migrates a run has not worked on its steps, and may judge them."""
    story = at(B).after(save_values, B, {"note": "12"})
    assert after(story, NUMBER, "step_values_saved").step(StepKey(B)).doers == (DANA,)


def test_a_field_type_changed_of_a_done_step():
    """The value stays as it was given."""
    assert cell(at(C), NUMBER, "field_type", "b.note")[2:5] == ("done", "safe", "kept")
    assert after(at(C), NUMBER).values["b.note"] == "said"


WITHOUT = version(2, *steps(b={"fields": []}))


@pytest.mark.parametrize(
    ("where", "column", "effect"),
    [(A, "not_reached", "applied"), (B, "under_way", "hidden"), (C, "done", "hidden")],
)
def test_a_field_is_removed_anywhere(where: str, column: str, effect: str):
    """Its value stays in the history and is hidden."""
    story = at(where).after(save_values, B, {"note": "kept"}) if where == B else at(where)
    assert cell(story, WITHOUT, "field_removed", "b.note")[2:5] == (column, "safe", effect)
    run = after(story, WITHOUT)
    assert run.hidden == {"b.note"}
    kept = run.values.get("b.note"), run.step(StepKey(B)).draft.get("note")
    assert kept == {A: (None, None), B: (None, "kept"), C: ("said", None)}[where]


# --- steps ---


def with_step(key: str, after_: str, before: str | None, **more: Any) -> Definition:
    """The process with one more step between two others."""
    found = steps(**({before: {"after": [key]}} if before else {}))
    place = [one["key"] for one in found].index(after_) + 1
    found.insert(place, step(key, [after_], role="seller", **more))
    return version(2, *found)


def test_a_step_added_ahead():
    """It applies, and will be announced in its turn."""
    assert cell(at(B), with_step("x", B, C), "step_added", "x")[2:5] == ("not_reached", "safe", "applied")
    after(at(B), with_step("x", B, C))


def test_a_step_added_at_the_frontier_becomes_ready():
    """A step before the one under way comes first; that one waits, with its work."""
    story = at(B, started=True).after(save_values, B, {"note": "half"})
    run = after(story, with_step("x", A, B), "step_became_ready", "step_relocked")
    assert (run.step(StepKey("x")).state, run.step(StepKey(B)).state) == ("ready", "locked")
    assert run.step(StepKey(B)).draft == {"note": "half"}


def test_a_step_added_behind_the_frontier_needs_a_choice():
    """What follows it is done: set aside as added later, or back-filled."""
    found = cell(at(C), with_step("x", A, B), "step_added", "x")
    assert found[2:5] == ("done", "choice", "set_aside")
    assert found.accepted == ("not_applicable", "required")
    migrating(at(C), with_step("x", A, B)).rejected("choice_missing")


def test_a_step_of_a_stage_that_is_over_lies_behind():
    """Nothing waits for it, but its stage is over and a later one has begun."""
    old = version(1, step(A, stage="first"), step(B, [A], stage="second"), step(C, [B], stage="second"))
    first = [step(A, stage="first"), step("x", [], stage="first")]
    new = version(2, *first, step(B, [A], stage="second"), step(C, [B], stage="second"))
    assert cell(at(B, old), new, "step_added", "x").weight == "choice"
    assert cell(at(A, old), new, "step_added", "x").weight == "safe"


def test_a_step_set_aside_as_added_later_stays_so():
    """Nothing that happens later makes it necessary; only reopening it does."""
    new = with_step("x", A, B)
    story = at(C)
    events = migrating(story, new, step_added="not_applicable").events()
    assert events[1:] == [
        StepBecameNotApplicable(
            step=StepKey("x"), cause="migration", added_later=True, by=BO, at=NINE + timedelta(hours=1)
        )
    ]
    moved = Story(RUN, new, state=story.given(events).state)
    again = moved.after(reopen_step, A, "wrong").after(complete_step, A, {"note": "right"})
    assert again.state.step(StepKey("x")).state == "not_applicable"
    reopened = again.after(reopen_step, "x", "we need it after all")
    assert reopened.state.step(StepKey("x")).state == "ready"
    assert reopened.state.step(StepKey(C)).state == "ready", "what is past it goes on"


def test_a_step_added_behind_may_be_required():
    """Back-filled: it is to be done now, and what is done stays done."""
    run = after(at(C), with_step("x", A, B), "step_became_ready", step_added="required")
    assert [run.step(StepKey(key)).state for key in ("x", B, C)] == ["ready", "done", "ready"]


def test_a_single_answer_wins_over_the_one_for_all():
    """``step_added:x`` says more than ``step_added``."""
    run = after(
        at(C),
        with_step("x", A, B),
        "step_became_ready",
        step_added="not_applicable",
        step_added__x="required",
    )
    assert run.step(StepKey("x")).state == "ready"


GONE = version(2, step(A, fields=[NOTE], role="seller"), step(C, [A], fields=[NOTE], role="seller"))


def test_a_removed_step_that_was_not_reached_is_dropped():
    """Nobody will have to do it; nothing is recorded of it."""
    assert cell(at(A), GONE, "step_removed", "b")[2:5] == ("not_reached", "safe", "dropped")
    assert after(at(A), GONE).removed == {"b"}


def test_a_removed_step_under_way_is_closed_with_its_data():
    """It is closed as removed, and what was given so far is kept."""
    story = at(B).after(save_values, B, {"note": "half"})
    assert cell(story, GONE, "step_removed", "b")[2:5] == ("under_way", "safe", "closed")
    run = after(story, GONE, "step_cancelled", "step_became_ready")
    assert (run.step(StepKey(B)).state, run.step(StepKey(B)).draft) == ("cancelled", {"note": "half"})
    assert run.step(StepKey(C)).state == "ready"


def test_a_removed_step_that_is_done_stays_in_the_history():
    """Its values stay; it no longer counts."""
    assert cell(at(C), GONE, "step_removed", "b")[2:5] == ("done", "safe", "kept")
    run = after(at(C), GONE)
    assert (run.step(StepKey(B)).state, run.values["b.note"]) == ("done", "said")


def test_a_removed_step_comes_back_as_it_was_left():
    """Under way, with its draft and its assignee; what began instead waits again."""
    story = at(B, started=True).after(save_values, B, {"note": "half"}).after(assign_step, B, BO, "knows it")
    there = story.given(migrating(story, GONE).events())
    moved = Story(RUN, GONE, state=there.state)
    events = migrating(moved, OLD).events()
    assert [one.type for one in events] == [
        "run_migrated", "step_became_applicable", "step_became_ready", "step_relocked", "step_started",
    ]  # fmt: skip
    back = there.given(events).state
    now = back.step(StepKey(B))
    assert (now.state, now.draft, now.assignee, now.round) == ("in_progress", {"note": "half"}, BO, 1)
    assert (back.step(StepKey(C)).state, back.removed) == ("locked", frozenset())


# --- dependencies, gates, conditions, stages ---

SIDE = [step(A, role="seller"), step(B, role="seller"), step(C, [A], role="seller")]
WAITING = [step(A, role="seller"), step(B, role="seller"), step(C, [A, B], role="seller")]
GATE = [step(A, role="seller"), step(B, role="seller", gate={"blocks": [C]}), step(C, [A], role="seller")]


@pytest.mark.parametrize("new", [WAITING, GATE])
def test_a_dependency_or_gate_added_ahead(new: list[dict[str, Any]]):
    """It applies."""
    story = Story(RUN, version(1, *SIDE)).after(start_run, name="x")
    assert cell(story, version(2, *new), "dependency", "c")[2:5] == ("not_reached", "safe", "applied")
    after(story, version(2, *new))


@pytest.mark.parametrize("new", [WAITING, GATE])
def test_a_dependency_or_gate_added_under_way_may_lock_again(new: list[dict[str, Any]]):
    """The step waits again, which is said before."""
    story = Story(RUN, version(1, *SIDE)).after(start_run, name="x").after(complete_step, A)
    found = cell(story, version(2, *new), "dependency", "c")
    assert found[2:5] == ("under_way", "warning", "relocked")
    assert "b" in found.reason
    run = after(story, version(2, *new), "step_relocked")
    assert run.step(StepKey(C)).state == "locked"


@pytest.mark.parametrize("new", [WAITING, GATE])
def test_a_dependency_or_gate_added_to_a_done_step(new: list[dict[str, Any]]):
    """It stays done."""
    story = Story(RUN, version(1, *SIDE)).after(start_run, name="x").after(complete_step, A)
    story = story.after(complete_step, C)
    assert cell(story, version(2, *new), "dependency", "c")[2:5] == ("done", "safe", "kept")
    assert after(story, version(2, *new)).step(StepKey(C)).state == "done"


LARGE = {"field": "inputs.plan", "operator": "equals", "value": "large"}


def test_a_condition_changed_ahead_is_recomputed():
    """Whether a step applies is asked when its turn comes."""
    new = version(2, *steps(b={"when": LARGE}))
    assert cell(at(A), new, "condition", "b")[2:5] == ("not_reached", "safe", "recomputed")
    after(at(A), new)


def test_a_condition_changed_under_way_sets_aside_and_keeps_the_data():
    """A step that does not apply any more is set aside; what was given stays."""
    new = version(2, *steps(b={"when": LARGE}))
    story = at(B).after(save_values, B, {"note": "half"})
    assert cell(story, new, "condition", "b")[2:5] == ("under_way", "warning", "set_aside")
    run = after(story, new, "step_became_not_applicable", "step_became_ready")
    assert (run.step(StepKey(B)).state, run.step(StepKey(B)).draft) == ("not_applicable", {"note": "half"})


def test_a_condition_changed_brings_a_step_back():
    """A step that its condition had set aside is to be done when the new one holds."""
    old = version(1, *steps(b={"when": LARGE}))
    story = Story(RUN, old).after(start_run, name="x", inputs={"plan": "small"}).after(complete_step, A)
    run = after(story, OLD_AS_2, "step_became_applicable", "step_became_ready", "step_relocked")
    assert [run.step(StepKey(key)).state for key in (B, C)] == ["ready", "locked"]


OLD_AS_2 = version(2, *steps())


def test_a_condition_changed_of_a_done_step_keeps_it():
    """Done stays done, also when the condition is asked again for another reason."""
    new = version(2, *steps(b={"when": LARGE}))
    assert cell(at(C), new, "condition", "b")[2:5] == ("done", "safe", "kept")
    run = after(at(C), new)
    assert (run.step(StepKey(B)).state, run.step(StepKey(B)).kept) == ("done", True)


def test_what_is_done_against_its_condition_is_not_done_again():
    """It would be set aside at once: refused, and only marked where all that builds on a step is done again."""
    new = version(2, *steps(b={"when": LARGE}))
    story = replace(migrating(at(C), new).then_types("run_migrated"), definition=new)
    story.when(reopen_step, B, "again").rejected("not_applicable")
    run = story.after(reopen_step, A, "again", "reopen").state
    assert (run.step(StepKey(A)).state, run.step(StepKey(B)).state) == ("ready", "done")
    assert run.step(StepKey(B)).questioned == (A,)


MOVED = version(2, *[{**one, "stage": "later" if one["key"] != A else "work"} for one in steps()])


@pytest.mark.parametrize(("where", "column"), [(A, "not_reached"), (B, "under_way"), (C, "done")])
def test_a_stage_moved_anywhere(where: str, column: str):
    """Only the roll-up changes."""
    assert cell(at(where), MOVED, "stage_moved", "b")[2:5] == (column, "safe", "applied")
    after(at(where), MOVED)


# --- blocked ---


def test_a_run_that_has_ended_is_blocked():
    """What ended changes only by being reopened."""
    story = at(C).after(complete_step, C)
    assert planned(story, TEXT).verdict == "blocked"
    migrating(story, TEXT).rejected("migration_blocked")


def test_another_process_is_blocked():
    """A run follows versions of its own process."""
    other = Definition("purchase", 2, OLD.document)
    assert planned(at(A), other).verdict == "blocked"


def test_a_run_past_everything_that_is_left_is_blocked():
    """A migration never ends a run."""
    new = version(2, step(A, fields=[NOTE], role="seller"))
    made = planned(at(B), new)
    assert made.verdict == "blocked"
    assert "past it" in made.findings[0].reason


def test_a_run_with_a_failed_step_is_not_past_it():
    """No condition sets aside what has failed: somebody has to decide, and the run can follow another version."""
    large = {"field": "inputs.plan", "operator": "equals", "value": "large"}
    old = version(1, step(A, kind="sign", role="seller"), step(B, [A], role="seller"))
    new = version(2, step(A, kind="sign", role="seller", when=large), step(B, [A], role="seller", when=large))
    started = Story(RUN, old).after(start_run, name="x", inputs={"plan": "small", "go_live": "2026-03-20"})
    declined = started.after(decline_signature, A, "not like this")
    assert planned(declined, new).verdict == "safe"
    moved = after(declined, new)
    assert (moved.state, moved.step(StepKey(A)).state, moved.step(StepKey(B)).state) == (
        "running",
        "failed",
        "locked",
    )


def test_choices_that_leave_nothing_to_do_are_refused():
    """Setting aside the only step that is left would end the run."""
    new = version(2, step(A, role="seller"), step("x", [A], role="seller"), step(B, ["x"], role="seller"))
    story = at(C)
    migrating(story, new, step_added="not_applicable").rejected("migration_blocked")


def test_answers_that_there_are_not():
    """Unknown names and unknown answers say what would be accepted."""
    new = with_step("x", A, B)
    assert migrating(at(C), new, step_added="maybe").rejected("wrong_choice").facts["accepted"] == [
        "not_applicable", "required",
    ]  # fmt: skip
    assert "step_added" in migrating(at(C), new, whatever="x").rejected("unknown_choice").facts["accepted"]


# --- the run as a whole ---


def test_a_run_there_already_is_left_alone():
    """Asking again changes nothing."""
    run = after(at(A), TEXT)
    assert (
        migrate_run(run, OLD, TEXT, {}, None, by=BO, at=NINE, calendar=at(A).calendar, directory=EVERYBODY)
        == []
    )


def test_a_new_role_is_filled_as_at_a_start():
    """A role that the initiator plays is the initiator's at once."""
    roles = [
        *OLD.document.model_dump(mode="json")["roles"],
        {"key": "owner", "title": "Owner", "initiator": True},
    ]
    run = after(at(A), version(2, *steps(), roles=roles), "role_assigned")
    assert str(run.roles[RoleKey("owner")]) == DANA


def test_a_paused_run_may_migrate():
    """What was under way before and can be again is under way, also while the run is paused."""
    story = at(B, started=True).after(pause_run, "holidays")
    there = story.given(migrating(story, GONE).events())
    assert there.state.step(StepKey(C)).state == "locked", "nothing new is announced while the run is paused"
    back = migrating(Story(RUN, GONE, state=there.state), OLD).events()
    assert there.given(back).state.step(StepKey(B)).state == "in_progress"
