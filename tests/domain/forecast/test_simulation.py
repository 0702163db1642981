"""The rest of a run, simulated: against answers that can be worked out without chance."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from domain.condition import Comparison
from domain.definition import Definition
from domain.forecast.durations import GRID
from domain.forecast.features import Floats
from domain.forecast.levers import levers, pressures
from domain.forecast.outlook import Outlook, look_ahead, state_of
from domain.forecast.plan import Plan, answer
from domain.forecast.simulate import critical, imagine, seed_of, unfold
from domain.forecast.steps import Seen, StepFigures, StepModel
from domain.run import RUN
from domain.run.life import pause_run
from domain.words import StepKey
from tests.domain.forecast.support import (
    AXIS,
    DAY,
    HOUR,
    OFFICE,
    RUN_ID,
    begun,
    constant,
    process,
    situation,
    taking,
)
from tests.support.given import DANA, NINE

SEQUENCE = process({"key": "a"}, {"key": "b"}, {"key": "c"})
PARALLEL = process({"key": "a", "after": []}, {"key": "b", "after": []}, {"key": "c", "after": ["a", "b"]})
UNIFORM = Seen(np.linspace(0, 10 * HOUR, len(GRID)), 50, 0)


def left(definition: Definition, model: StepModel, *done: str, **more: Any) -> Floats:
    """Working hours until the end, in each simulation."""
    outcome = unfold(
        imagine(situation(definition, model, begun(definition, *done), **more), seed_of(1, RUN_ID))
    )
    return outcome.left / HOUR


def test_a_sequence_of_constants_takes_their_sum():
    """One after the other: 2 + 3 + 4 hours, in every simulation."""
    assert left(SEQUENCE, taking(a=2, b=3, c=4)) == pytest.approx(9)


def test_what_is_done_takes_no_more_time():
    """Only what is left counts."""
    assert left(SEQUENCE, taking(a=2, b=3, c=4), "a") == pytest.approx(7)


def test_side_by_side_takes_as_long_as_the_longest():
    """max(2, 5) + 1."""
    assert left(PARALLEL, taking(a=2, b=5, c=1)) == pytest.approx(6)


def test_two_uniform_steps_side_by_side_have_the_maximums_mean():
    """The mean of the larger of two uniform numbers up to 10 is 20/3."""
    model = StepModel(
        {key: StepFigures(constant(0), UNIFORM, done=1_000) for key in "ab"} | dict(taking(c=0).steps)
    )
    assert left(PARALLEL, model).mean() == pytest.approx(20 / 3, rel=0.03)


def test_work_that_is_open_for_a_while_lasts_at_least_that_long():
    """Uniform up to 10 hours and open for 6: between 0 and 4 hours are left."""
    model = StepModel({"a": StepFigures(UNIFORM, constant(0), done=1_000)})
    hours = left(process({"key": "a"}), model, waiting={"a": 6 * HOUR})
    assert (hours.min() >= 0, hours.max() <= 4.001) == (True, True)
    assert hours.mean() == pytest.approx(2, rel=0.05)


def test_who_has_begun_waits_no_longer():
    """The waiting of a step in progress is over."""
    model = StepModel({"a": StepFigures(constant(100 * HOUR), constant(3 * HOUR), done=1_000)})
    assert left(process({"key": "a"}), model, working={"a": HOUR}) == pytest.approx(2)


def test_a_condition_that_is_known_decides():
    """The step does not take part when its input says so, and does when it says so."""
    inputs = [{"key": "big", "title": "Big", "kind": "yes_no"}]
    when = {"field": "inputs.big", "operator": "equals", "value": True}
    definition = process({"key": "a"}, {"key": "b", "when": when})
    definition = replace(
        definition, document=definition.document.model_copy(update={"inputs": tuple(inputs)})
    )
    model = taking(a=1, b=5)
    for big, hours in ((True, 6), (False, 1)):
        run = begun(process({"key": "a"}, {"key": "b", "when": when}))
        run = replace(run, values={"inputs.big": big})
        outcome = unfold(imagine(situation(definition, model, run), [1]))
        assert outcome.left / HOUR == pytest.approx(hours)


def test_a_condition_that_is_not_known_happens_as_often_as_it_did():
    """Eight of ten runs took the step: it takes part in about that share of the simulations."""
    when = {"field": "a.size", "operator": "more", "value": 3}
    field = {"key": "size", "title": "Size", "kind": "number"}
    definition = process({"key": "a", "fields": [field]}, {"key": "b", "when": when})
    steps = dict(taking(a=1, b=5).steps)
    steps["b"] = replace(steps["b"], taken=799, set_aside=199)
    hours = left(definition, StepModel(steps))
    assert (hours > 5).mean() == pytest.approx(0.8, abs=0.04)


def test_a_field_that_may_still_change_leaves_a_condition_open():
    """Whether it holds is not known, unless another part decides."""
    condition = Comparison(field="a.size", operator="more", value=3)
    assert answer(condition, {}, {"a.size": False}, UTC) is None
    assert answer(condition, {"a.size": 5}, {"a.size": True}, UTC) is True
    assert answer(condition, {}, {"a.size": True}, UTC) is False


def test_refusals_cost_what_they_have_done_again():
    """An approval refused in half of all cases: the mean is the work once, and again for each refusal."""
    definition = process({"key": "a"}, {"key": "ok", "kind": "approval", "approval": {"covers": ["a"]}})
    steps = dict(taking(a=4, ok=1).steps)
    steps["ok"] = replace(steps["ok"], done=100_000, refused=100_000)
    hours = left(definition, StepModel(steps))
    assert set(np.round(hours)) == {5, 10, 15, 20}
    assert hours.mean() == pytest.approx(5 * (1 + 0.5 + 0.25 + 0.125), rel=0.06)


def test_a_refusal_that_ends_the_run_ends_it_there():
    """What comes after the gate is not done any more."""
    refusal = {"ends_run": "Refused"}
    definition = process({"key": "ok", "kind": "approval", "approval": {"on_refusal": refusal}}, {"key": "b"})
    steps = dict(taking(ok=1, b=9).steps)
    steps["ok"] = replace(steps["ok"], done=100_000, refused=100_000)
    hours = left(definition, StepModel(steps))
    assert set(np.round(hours)) == {1, 10}


def test_a_wait_for_a_day_ends_on_that_day():
    """Nothing is faster than the calendar: five working days after the first step."""
    until = {"anchor": {"step_done": "a"}, "offset": 5, "unit": "business_days"}
    definition = process({"key": "a"}, {"key": "w", "kind": "wait", "wait": {"until": until}})
    assert left(definition, taking(a=2, w=99)) == pytest.approx(2 + 5 * 8)


def test_the_same_position_gives_the_same_forecast():
    """Chance is seeded by the log position and the run."""
    model = StepModel({key: StepFigures(UNIFORM, UNIFORM, done=99) for key in "abc"})
    here = situation(SEQUENCE, model)
    assert look_ahead(here, 7)[0] == look_ahead(here, 7)[0]
    assert look_ahead(here, 7)[0] != look_ahead(here, 8)[0]


def test_finish_falls_into_working_time():
    """Nine working hours from Monday at nine: Tuesday at ten."""
    outlook, _ = look_ahead(situation(SEQUENCE, taking(a=2, b=3, c=4)), 1)
    assert outlook.p50_at == outlook.p85_at == datetime(2026, 3, 3, 10, tzinfo=UTC)
    assert [stage.stage for stage in outlook.stages] == ["all"]


@pytest.mark.parametrize(("days", "state", "probability"), [(1, "late", 0.0), (3, "on_track", 1.0)])
def test_a_target_is_met_or_not(days: int, state: str, probability: float) -> None:
    """Nine hours do not fit into one day, and fit into three."""
    run = replace(begun(SEQUENCE), target_at=NINE + timedelta(days=days))
    outlook, _ = look_ahead(situation(SEQUENCE, taking(a=2, b=3, c=4), run), 1)
    assert (outlook.state, outlook.probability) == (state, probability)


def _aimed(target_days: int | None, *done: str) -> Outlook:
    """A run of 2 + 3 + 16 hours whose target is for its first stage, of A and B."""
    live = [{"key": key, "title": key} for key in "ab"]
    stages = [{"key": "live", "title": "Live", "target_days": 30, "steps": live},
              {"key": "after", "title": "After", "steps": [{"key": "c", "title": "C"}]}]  # fmt: skip
    definition = Definition.load("p", 1, {"key": "p", "title": "P", "target_stage": "live", "stages": stages})
    target_at = None if target_days is None else NINE + timedelta(days=target_days, hours=8)
    run = replace(begun(definition, *done), target_at=target_at)
    return look_ahead(situation(definition, taking(a=2, b=3, c=16), run), 1)[0]


def test_a_target_of_a_stage_is_judged_by_the_end_of_that_stage():
    """Five hours fit into the first day, although the run goes on for two more; its own target replaces 30 days."""
    outlook = _aimed(0)
    assert (outlook.state, outlook.probability) == ("on_track", 1.0)
    assert outlook.target_p85_at == NINE + timedelta(hours=5)
    assert outlook.p85_at == NINE + timedelta(days=2, hours=5)
    live, after = outlook.stages
    assert (live.target_at, live.probability) == (NINE + timedelta(hours=8), 1.0)
    assert (after.target_at, after.probability) == (None, None)
    assert outlook.reason.startswith("“b” is still to come")


def test_a_target_that_was_reached_warns_of_nothing():
    """Its stage is over: what is left is judged by no target, and the reason speaks of the end of the run."""
    outlook = _aimed(-3, "a", "b")
    assert (outlook.state, outlook.probability, outlook.target_p85_at) == ("on_track", None, None)
    assert outlook.reason.startswith("“C” is still to come")
    assert _aimed(-3, "a").state == "late"


def test_without_a_target_the_whole_run_is_looked_at():
    """The process names a stage, this run has no target."""
    assert _aimed(None).reason.startswith("“C” is still to come")


def test_levers_gain_time_for_what_is_aimed_for():
    """The longest step comes after the stage with the target: it is no lever for that."""
    stages = [{"key": "live", "title": "Live", "steps": [{"key": key, "title": key} for key in "ab"]},
              {"key": "after", "title": "After", "steps": [{"key": "c", "title": "C"}]}]  # fmt: skip
    definition = Definition.load("p", 1, {"key": "p", "title": "P", "target_stage": "live", "stages": stages})
    figures = {key: StepFigures(constant(hours * HOUR), constant(HOUR), done=99) for key, hours in
               (("a", 4), ("b", 6), ("c", 80))}  # fmt: skip
    run = replace(begun(definition), target_at=NINE + timedelta(days=1))
    aimed = look_ahead(situation(definition, StepModel(figures), run), 1)[1]
    whole = look_ahead(situation(definition, StepModel(figures)), 1)[1]
    assert aimed is not None
    assert whole is not None
    assert [lever.step for lever in levers(aimed)] == ["b"]
    assert [lever.step for lever in levers(whole)] == ["c", "b"]


def test_the_first_rule_that_matches_gives_the_state():
    """Late before stalled before at risk before on track; without a target nothing is at risk."""
    assert state_of(0.49, passed=False, stalled=True) == "late"
    assert state_of(0.99, passed=True, stalled=False) == "late"
    assert state_of(0.6, passed=False, stalled=True) == "stalled"
    assert state_of(0.84, passed=False, stalled=False) == "at_risk"
    assert state_of(0.85, passed=False, stalled=False) == "on_track"
    assert state_of(None, passed=False, stalled=False) == "on_track"


def test_work_older_than_its_own_p85_is_stalled():
    """Ten of ten took at most 10 hours, this one is open for 9.5: longer than 85 of 100."""
    model = StepModel({"a": StepFigures(UNIFORM, constant(0), done=99)})
    outlook, _ = look_ahead(situation(process({"key": "a"}), model, waiting={"a": 9.5 * HOUR}), 1)
    assert outlook.state == "stalled"
    assert "nothing has moved on “A”" in outlook.reason


def test_a_part_of_less_than_a_hundredth_is_not_told():
    """Nothing moves on a step that hardly counts: that is said, and no "0% of the time left" with it."""
    both = process({"key": "a", "after": []}, {"key": "b", "after": []})
    model = StepModel(
        {
            "a": StepFigures(UNIFORM, constant(0), done=99),
            "b": StepFigures(constant(99 * HOUR), constant(1), done=9),
        }
    )
    outlook, _ = look_ahead(situation(both, model, waiting={"a": 9.5 * HOUR}), 1)
    assert outlook.state == "stalled"
    assert outlook.reason.endswith("longer than usual")


def test_the_reason_names_what_costs_most():
    """By simulation: nine tenths of the time that is left."""
    outlook, outcome = look_ahead(situation(SEQUENCE, taking(a=1, b=18, c=1)), 1)
    assert outlook.reason == "“B” is still to come and takes 2.2 working days, 90% of the time left"
    assert outcome is not None
    assert critical(outcome) / HOUR == pytest.approx([1, 18, 1])


def test_a_paused_run_has_no_forecast():
    """Nobody knows when it goes on."""
    run = begun(SEQUENCE)
    paused = RUN.fold(pause_run(run, "later", by=DANA, at=NINE), run)
    outlook, _ = look_ahead(situation(SEQUENCE, taking(a=1, b=1, c=1), paused), 1)
    assert (outlook.state, outlook.p50_at) == ("no_data", None)


def test_nothing_known_is_said_to_be_so():
    """No history, no estimate, no due, no target of a stage: no data."""
    assert look_ahead(situation(SEQUENCE, StepModel()), 1)[0].state == "no_data"


def test_what_the_author_says_is_enough_to_begin_with():
    """An estimate of four hours a step, and nothing seen yet: about twelve hours, on no sample."""
    definition = process(*({"key": key, "estimate_hours": 4} for key in "abc"))
    outlook, outcome = look_ahead(situation(definition, StepModel()), 1)
    assert outlook.samples == 0
    assert outcome is not None
    assert np.median(outcome.left) / HOUR == pytest.approx(13, rel=0.15)


def test_levers_are_what_the_same_futures_gain():
    """Without the 10 hours of waiting for B the P85 comes 10 hours earlier."""
    figures = dict(taking(a=1, c=1).steps) | {"b": StepFigures(constant(10 * HOUR), constant(HOUR), done=99)}
    _, outcome = look_ahead(situation(SEQUENCE, StepModel(figures)), 1)
    assert outcome is not None
    best = levers(outcome)[0]
    assert (best.step, best.kind) == ("b", "begin_at_once")
    assert best.gained_days == pytest.approx(10 / 8)


def test_pressures_put_the_slowest_step_first():
    """What a step takes at P85, each as often as it takes part."""
    steps, stages = pressures(Plan(SEQUENCE), taking(a=1, b=16, c=1), AXIS)
    assert (steps[0].step, steps[0].p85_days, stages[0].share) == ("b", 2.0, 1.0)


def test_order_never_puts_a_step_before_what_it_waits_for():
    """Whatever the document order."""
    definition = process(
        {"key": "a", "after": ["b"]}, {"key": "b", "after": []}, {"key": "c", "after": ["a"]}
    )
    assert Plan(definition).order == ("b", "a", "c")


def test_what_an_author_says_is_read_in_working_time():
    """An estimate in hours, a due after what it waits for, the target of the stage shared out, else a day unknown."""
    due = {"anchor": {"step_done": "a"}, "offset": 3}
    definition = process(
        {"key": "a", "estimate_hours": 2}, {"key": "b", "due": due}, {"key": "c"}, target_days=6
    )
    plan = Plan(definition)
    assert plan.author(StepKey("a"), DAY) == (2 * HOUR, "estimate")
    assert plan.author(StepKey("b"), DAY) == (3 * DAY, "due")
    assert plan.author(StepKey("c"), DAY) == (2 * DAY, "stage")
    assert Plan(SEQUENCE).author(StepKey("a"), DAY) == (DAY, "nothing")
    assert OFFICE.name
