"""Every run agrees with a second, slow implementation of the rules after every command, and can always be ended."""

from __future__ import annotations

from functools import reduce
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from domain.events import Event, StepBecameReady
from domain.lint import lint
from domain.run import RUN, Run
from domain.run.work import unmet
from domain.words import Rejected, StepKey
from tests.domain.model import WELL, Model, Refused
from tests.domain.random_runs import Deed, Process, addressed, decide, deeds, processes, start

PATIENT = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
CAUSES = {"reopen": "user", "resume": "user", "start": "user"}


def agree(run: Run, model: Model, process: Process) -> None:
    """The run stands in every respect where the model does; a locked step says exactly what it waits for."""
    states = {key: run.step(key) for key in process.definition.steps}
    shown: dict[str, Any] = {
        key: (step.state, step.round, set(step.questioned)) for key, step in states.items()
    }
    wanted = {key: (fact.state, fact.round, fact.questioned) for key, fact in model.facts.items()}
    assert (run.state, shown) == (model.state, wanted)
    for key, fact in model.facts.items():
        assert {path: run.values[path] for path in run.values if path.startswith(f"{key}.")} == {
            f"{key}.{name}": value for name, value in fact.values.items()
        }
        waits = {other for other in model.waits[key] if model.facts[other].state not in WELL}
        assert set(unmet(run, process.definition, StepKey(key))) == waits
        if run.state == "running" and fact.state == "locked":
            assert waits, f"{key} waits for nothing"


def announced(events: list[Event]) -> list[str]:
    """The steps that these events make ready, each as often as it is said."""
    return [event.step for event in events if isinstance(event, StepBecameReady)]


def walk(process: Process, doings: list[Deed]) -> tuple[Run, Model]:
    """Do the deeds, one after the other, here and in the model; both have to say the same after each."""
    events = start(process)
    model, run = Model(process.document, {"plan": "small"}), RUN.fold(events)
    assert run is not None
    assert sorted(announced(events)) == sorted(model.announced)
    agree(run, model, process)
    for clock, doing in enumerate(doings):
        deed = addressed(doing, process)
        run = step_on(run, model, process, deed, clock)
    return run, model


def step_on(run: Run, model: Model, process: Process, deed: Deed, clock: int) -> Run:
    """One deed here and in the model."""
    allowed, events = allows(model, deed), decided(run, process, deed, clock)
    if events is None:
        assert not allowed or deed.verb == "assign", f"{deed} was refused"
        return run
    assert allowed, f"{deed} has to be refused"
    assert sorted(announced(events)) == sorted(model.announced), deed
    causes = {event.cause for event in events if isinstance(event, StepBecameReady)}
    assert causes <= {CAUSES.get(deed.verb, "rule")}
    after = RUN.fold(events, run)
    assert after is not None
    agree(after, model, process)
    if not another_attempt(deed, process):
        assert decide(after, process, deed, clock) == [], f"{deed} again"
    return after


def allows(model: Model, deed: Deed) -> bool:
    """Carry the deed out in the model, if its rules allow it; what is refused changes nothing there either."""
    before = repr((model.state, model.inputs, model.facts))
    try:
        model.do(deed.verb, *deed.args)
    except Refused:
        assert repr((model.state, model.inputs, model.facts)) == before, deed
        return False
    return True


def decided(run: Run, process: Process, deed: Deed, clock: int) -> list[Event] | None:
    """What the domain decides; None where it refuses."""
    try:
        return decide(run, process, deed, clock)
    except Rejected:
        return None


def another_attempt(deed: Deed, process: Process) -> bool:
    """Whether the same words said again mean something new: another no, or another try of a step that repeats."""
    if deed.verb == "complete":
        return process.definition.steps[deed.args[0]].repeat_until is not None
    return deed.verb == "refuse"


def assert_ends(run: Run, model: Model, process: Process) -> None:
    """Somebody who resumes, reopens what failed and does what is at hand comes to the end."""
    for turn in range(4 * len(model.steps) + 4):
        if run.ended:
            return
        run = step_on(run, model, process, next_deed(run, process, turn), 1_000 + turn)
    raise AssertionError("the run is stuck")


def next_deed(run: Run, process: Process, turn: int) -> Deed:
    """What there is to do; everybody is a new face, so that nobody judges their own work."""
    if run.state == "paused":
        return Deed("resume", ())
    for key, step in process.definition.steps.items():
        if run.step(key).state == "failed":
            return Deed("reopen", (key, "keep"))
        if run.step(key).is_open and step.kind == "approval":
            return Deed("approve", (key, f"person:judge_{turn}"))
        if run.step(key).is_open:
            return Deed("complete", (key, {"size": 3} if step.fields else {}, f"person:doer_{turn}"))
    raise AssertionError("nothing can be done")


@settings(max_examples=300, deadline=None, suppress_health_check=PATIENT)
@given(processes(), deeds)
def test_every_run_is_what_the_description_says(process: Process, doings: list[Deed]):
    """No step is ready too early, locked too long or announced twice, and no run is stuck or ends too early."""
    assert_ends(*walk(process, doings), process)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None, suppress_health_check=PATIENT)
@given(processes(12), deeds)
def test_ten_thousand_runs_are_what_the_description_says(process: Process, doings: list[Deed]):
    """The same, with more and larger processes."""
    assert_ends(*walk(process, doings), process)


@settings(max_examples=100, deadline=None, suppress_health_check=PATIENT)
@given(processes(), deeds)
def test_folding_at_once_is_folding_one_by_one(process: Process, doings: list[Deed]):
    """A run read from its whole history is the run that grew event by event; folding on changes no earlier state."""
    events = start(process)
    run = grown = RUN.fold(events)
    for clock, doing in enumerate(doings):
        assert run is not None
        before, kept = run, repr(run)
        new = decided(run, process, addressed(doing, process), clock) or []
        events, run = [*events, *new], RUN.fold(new, run)
        grown = reduce(RUN.evolve, new, grown)
        assert repr(before) == kept
    assert RUN.fold(events) == run == grown


@settings(max_examples=100, deadline=None, suppress_health_check=PATIENT)
@given(processes())
def test_the_random_processes_could_be_published(process: Process):
    """What is tested is what authors can write."""
    assert lint(process.definition.document) == []
