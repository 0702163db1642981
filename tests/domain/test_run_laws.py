"""Laws of every run, whatever its graph, its conditions and what people do: checked against a naive model."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.condition import holds
from domain.definition import Definition
from domain.events import Event
from domain.run import (
    RUN,
    Run,
    cancel_run,
    change_inputs,
    complete_step,
    give_approval,
    pause_run,
    refuse_approval,
    reopen_step,
    resume_run,
    skip_step,
    start_run,
    start_step,
)
from domain.schedule import Calendar
from domain.words import Actor, Rejected, StepKey
from tests.domain.documents import definition, step
from tests.support.given import BO, DANA, NINE

OFFICE = Calendar()
OPEN, WELL = {"ready", "in_progress"}, {"done", "skipped", "not_applicable"}
SIZE = {"key": "size", "title": "Size", "kind": "number"}


@st.composite
def processes(draw: st.DrawFn) -> Definition:
    """A process of up to nine steps with random dependencies, conditions, approvals and optional steps."""
    count = draw(st.integers(1, 9))
    steps = []
    for index in range(count):
        before = [f"s{other}" for other in range(index)]
        after = draw(st.lists(st.sampled_from(before), unique=True, max_size=3)) if before else []
        more: dict[str, Any] = {"required": draw(st.booleans()), "fields": [SIZE], "kind": "form"}
        if bool(after) and draw(st.integers(0, 1)):
            more["when"] = draw(conditions(before))
        if bool(after) and draw(st.integers(0, 3)) == 0:
            more |= {"kind": "approval", "approval": {"covers": after, "on_refusal": {"reopens": after}}}
        if draw(st.integers(0, 2)) == 0:
            more["due"] = {
                "anchor": draw(st.sampled_from(["run_start", {"field": "inputs.go_live"}])),
                "offset": 1,
            }
        steps.append(step(f"s{index}", after, **more))
    return definition(*steps)


def conditions(before: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """A condition over an input or over a field of an earlier step."""
    plan = st.builds(
        lambda value: {"field": "inputs.plan", "operator": "equals", "value": value},
        st.sampled_from(["small", "large"]),
    )
    size = st.builds(
        lambda key, value: {"field": f"{key}.size", "operator": "more", "value": value},
        st.sampled_from(before),
        st.integers(0, 3),
    )
    return st.recursive(plan | size, lambda inner: st.builds(lambda part: {"not": part}, inner), max_leaves=2)


Doing = tuple[str, int, int]
deeds = st.lists(
    st.tuples(st.sampled_from(sorted("abcdefghijkl")), st.integers(0, 8), st.integers(0, 4)), max_size=40
)


def decide(run: Run, process: Definition, doing: Doing, clock: int) -> list[Event]:
    """What one of the random deeds leads to; a refusal leads to nothing."""
    verb, which, size = doing
    key = StepKey(f"s{which % len(process.steps)}")
    late: dict[str, Any] = {"at": NINE + timedelta(hours=clock)}
    dued = {**late, "calendar": OFFICE}
    choices: dict[str, Callable[[], list[Event]]] = {
        "a": lambda: complete_step(run, process, key, {"size": size}, by=DANA, **dued),
        "b": lambda: complete_step(run, process, key, {}, by=DANA, **dued),
        "c": lambda: skip_step(run, process, key, "why not", by=DANA, **dued),
        "d": lambda: reopen_step(run, process, key, "again", "keep", by=DANA, **dued),
        "e": lambda: reopen_step(run, process, key, "again", "reopen", by=DANA, **dued),
        "f": lambda: give_approval(run, process, key, by=BO, **dued),
        "g": lambda: refuse_approval(run, process, key, f"no {clock}", by=BO, **dued),
        "h": lambda: change_inputs(run, process, {"plan": "small" if size % 2 else "large"}, by=DANA, **dued),
        "i": lambda: pause_run(run, "wait", by=DANA, **late),
        "j": lambda: resume_run(run, process, by=DANA, **dued),
        "k": lambda: start_step(run, process, key, by=DANA, **late),
        "l": lambda: cancel_run(run, process, "stop", by=DANA, **late) if size == 0 else [],
    }
    try:
        return choices[verb]()
    except Rejected:
        return []


def expected(run: Run, process: Definition, key: StepKey) -> set[str]:
    """The naive model: which states a step may be in, from nothing but the states before it and the values."""
    waits = process.dependencies[key]
    if not all(run.step(other).state in WELL for other in waits):
        return {"locked"}
    if not holds(process.steps[key].when, run.values):
        return {"not_applicable"}
    return {"ready", "in_progress"} if run.state == "running" else {"locked", "ready", "in_progress"}


def assert_lawful(run: Run, process: Definition) -> None:
    """Every step stands where the naive model says; a complete run has nothing required open."""
    for key in process.steps:
        now = run.step(key)
        if run.ended or now.state in ("skipped", "failed", "cancelled"):
            continue
        if now.state == "done" or now.evidence:
            settled = all(run.step(other).state in WELL for other in process.dependencies[key])
            if settled:
                assert (now.state == "done") == holds(process.steps[key].when, run.values)
            continue
        assert now.state in expected(run, process, key), key
    if run.state == "completed":
        assert all(run.step(key).state in WELL for key in process.needed)
        assert not any(one.is_open for one in run.steps.values())
    if run.state == "running":
        wanted = [key for key in process.steps if key in process.needed or run.step(key).wanted]
        assert any(run.step(key).state not in WELL for key in wanted), "a finished run has to end"
        assert any(one.is_open for one in run.steps.values()), "a running run always has something to do"


def assert_announced_once(run: Run | None, events: list[Event], process: Definition) -> None:
    """Readiness is recorded for steps that were not ready, and for every step that became so."""
    for event in events:
        before = run.steps if run is not None else {}
        after = RUN.evolve(run, event)
        if event.type == "step_became_ready":
            key = event.step  # type: ignore[attr-defined]
            assert key not in before or before[key].state not in OPEN
        else:
            fresh = [
                k
                for k in after.steps
                if after.step(k).state == "ready" and (k not in before or before[k].state != "ready")
            ]
            assert not fresh, event
        run = after


@settings(max_examples=400, deadline=None)
@given(processes(), deeds)
def test_every_run_stands_where_its_graph_says(process: Definition, doings: list[Doing]):
    """No step is ready too early or locked too long, none is announced twice, no run gets stuck or ends too early."""
    events = start_run(
        None, process, name="x", inputs={"plan": "small"}, by=Actor("person:start"), at=NINE, calendar=OFFICE
    )
    assert_announced_once(None, events, process)
    run = RUN.fold(events)
    assert run is not None
    assert_lawful(run, process)
    for clock, doing in enumerate(doings):
        events = decide(run, process, doing, clock)
        assert_announced_once(run, events, process)
        run = RUN.fold(events, run)
        assert run is not None
        assert_lawful(run, process)


@settings(max_examples=200, deadline=None)
@given(processes(), st.lists(st.integers(0, 100), max_size=30))
def test_working_on_always_ends_the_run(process: Definition, choices: list[int]):
    """Whoever always does one of the steps at hand comes to the end."""
    run = RUN.fold(start_run(None, process, name="x", by=Actor("person:start"), at=NINE, calendar=OFFICE))
    assert run is not None
    for turn in range(len(process.steps) + 1):
        if run.ended:
            break
        at_hand = [key for key in process.steps if run.step(key).is_open]
        key = at_hand[(choices[turn] if turn < len(choices) else 0) % len(at_hand)]
        if process.steps[key].kind == "approval":
            run = RUN.fold(
                give_approval(run, process, key, by=Actor(f"person:judge_{turn}"), at=NINE, calendar=OFFICE),
                run,
            )
        else:
            run = RUN.fold(
                complete_step(run, process, key, {"size": turn}, by=DANA, at=NINE, calendar=OFFICE), run
            )
        assert run is not None
    assert run.state == "completed"


@settings(max_examples=200, deadline=None)
@given(processes(), deeds)
def test_deciding_twice_decides_nothing(process: Definition, doings: list[Doing]):
    """Every command sent again to the run it changed leaves it as it is."""
    run = RUN.fold(start_run(None, process, name="x", by=Actor("person:start"), at=NINE, calendar=OFFICE))
    assert run is not None
    for clock, doing in enumerate(doings):
        after = RUN.fold(decide(run, process, doing, clock), run)
        assert after is not None
        if after is not run:
            assert decide(after, process, doing, clock) == []
        run = after
