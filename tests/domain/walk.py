"""A random run walked through twice, by the rules and by their second reading: both say the same after every deed."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, note
from hypothesis import event as counted

from domain.events import Event, StepBecameReady
from domain.rollup import Card, roll_up
from domain.run import RUN, Run
from domain.run.work import unmet
from domain.words import Rejected, StepKey
from projections.facts.run import RunFacts
from projections.facts.run_folds import RUN_FACTS
from tests.domain.dice import Dice
from tests.domain.model import OPEN, WELL, Model, Refused
from tests.domain.random_deeds import chosen
from tests.domain.random_runs import Deed, Process, another_version, as_version, decide, start

PATIENT = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
CAUSES = {"reopen": "user", "resume": "user", "migrate": "migration"}
UNTOLD = ("assign", "due")
"""What the model does not tell of: it never changes the state of a step."""
UNSAID = (("not_applicable", "locked"), ("done", "not_applicable"))


class Walk:
    """A run that has just started, in the rules (``run``), in the model and in what cards show (``facts``)."""

    def __init__(self, process: Process) -> None:
        """Starting announces what the model announces."""
        self.process, self.left, self.clock = process, process, 0
        self.run, self.facts, self.progress = Run(), RunFacts(), 0.0
        self.model = Model(process.document, {"plan": "small"})
        note(f"{process}")
        self._goes_on(start(process), "user")

    def does(self, deed: Deed) -> None:
        """Somebody does this; both take it or both refuse it, and saying it again changes nothing."""
        self.clock += 1
        allowed, events = _allows(self.model, deed), decided(self.run, self.process, deed, self.clock)
        note(f"{deed} {'is refused' if events is None else ''}")
        counted(f"{deed.verb}: {'refused' if events is None else 'done' if events else 'done already'}")
        if events is None:
            assert not allowed or deed.verb in UNTOLD, f"{deed} was refused"
            return
        assert allowed, f"{deed} has to be refused"
        if deed.verb == "migrate":
            self.left, self.process = self.process, deed.args[0]
        self._goes_on(events, CAUSES.get(deed.verb, "rule"))
        if not another_attempt(deed, self.process):
            assert decide(self.run, self.process.definition, deed, self.clock) == [], f"{deed} again"

    def _goes_on(self, events: list[Event], cause: str) -> None:
        ready = [event for event in events if isinstance(event, StepBecameReady)]
        assert sorted(event.step for event in ready) == sorted(self.model.announced)
        assert {event.cause for event in ready} <= {cause}
        before = self.run
        self.run = RUN.fold(events, self.run) or self.run
        assert before.values.keys() <= self.run.values.keys(), "evidence is kept"
        agree(self.run, self.model, self.process)
        self._shows(events)

    def _shows(self, events: list[Event]) -> None:
        """The card says what the steps say; progress is whole only when nothing is left, and falls for a reason.

        No card tells of a step that was set aside and waits for others again, or was reopened against its condition.
        """
        before = [(step, step.state) for step in self.facts.steps.values()]
        for event in events:
            RUN_FACTS.take(self.facts, event)
        card: Card = roll_up(self.process.definition, self.facts.state, self.facts.steps)
        for key, fact in self.model.facts.items():
            shown = self.facts.steps.get(StepKey(key))
            assert (shown.state if shown else "locked") == fact.state, key
        assert abs(card.progress - self.model.progress()) < 1e-9
        if any(self.model.is_needed(key) for key in self.model.steps):
            assert card.progress < 1
        untold = any((was, step.state) in UNSAID and step.by is None for step, was in before)
        told = card.lowered or self.run.ended or untold
        assert card.progress > self.progress - 1e-9 or told, "progress fell without a word"
        self.progress = card.progress

    def ends(self) -> None:
        """From wherever it is, somebody who resumes, reopens what failed and does what is at hand completes it."""
        ended = self.model.state in ("completed", "ended_early", "cancelled")
        for turn in range(0 if ended else 8 * len(self.model.steps) + 8):
            self.does(next_deed(self.model, turn))
            if self.model.state == "completed":
                return
        assert ended, "the run is stuck"


def walked(process: Process, lots: list[int]) -> Walk:
    """The run after all these deeds."""
    walk = Walk(process)
    for lot in lots:
        if lot:
            walk.does(_moving(lot, walk) or chosen(lot, walk.run, walk.process.definition))
    return walk


def _moving(lot: int, walk: Walk) -> Deed | None:
    """One of so many deeds moves the run to a version in which mostly work at hand is another, or back."""
    dice, number = Dice(lot), walk.process.definition.version + 1
    if not dice.happens(16):
        return None
    if dice.happens(2):
        return Deed("migrate", (as_version(number, walk.left.document),))
    at_hand = [key for key, fact in walk.model.facts.items() if fact.state in OPEN] if dice.below(3) else []
    return Deed("migrate", (another_version(walk.process, dice, at_hand or list(walk.model.steps)),))


def agree(run: Run, model: Model, process: Process) -> None:
    """The run stands in every respect where the model does; a locked step says exactly what it waits for."""
    states = {key: run.step(key) for key in process.definition.steps}
    shown: dict[str, Any] = {
        key: (
            step.state,
            step.round,
            set(step.questioned),
            step.draft,
            set(step.approvals),
            bool(step.help_wanted),
        )
        for key, step in states.items()
    }
    wanted = {
        key: (fact.state, fact.round, fact.questioned, fact.draft, fact.agreed, fact.help)
        for key, fact in model.facts.items()
    }
    assert (run.state, shown) == (model.state, wanted)
    given = {
        f"{key}.{name}": value for key, fact in model.facts.items() for name, value in fact.values.items()
    }
    assert run.values == {**given, **{f"inputs.{name}": value for name, value in model.inputs.items()}}
    for key, fact in model.facts.items():
        undone = {other for other, each in model.facts.items() if each.state not in WELL}
        waits = {
            o for o in undone if o in model.waits[key] or (model.facts[o].voided and model.reaches(key, o))
        }
        assert set(unmet(run, process.definition, StepKey(key))) == waits
        assert fact.state not in OPEN or not waits, f"{key} is ready too early"
        assert fact.state != "locked" or waits or run.state != "running", f"{key} waits for nothing"
    if run.state == "completed":
        assert not any(model.is_needed(key) for key in model.steps), "it ended too early"
    if run.state == "running":
        assert any(fact.state in (*OPEN, "failed") for fact in model.facts.values()), "nothing can be done"


def _allows(model: Model, deed: Deed) -> bool:
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
        return decide(run, process.definition, deed, clock)
    except Rejected:
        return None


def another_attempt(deed: Deed, process: Process) -> bool:
    """Whether the same words said again mean something new: another no, or another try of a step that repeats."""
    if deed.verb == "complete":
        return process.definition.steps[deed.args[0]].repeat_until is not None
    return deed.verb == "refuse"


def next_deed(model: Model, turn: int) -> Deed:
    """What there is to do; everybody is a new face, so that nobody judges their own work."""
    if model.state == "paused":
        return Deed("resume", ())
    for key, fact in model.facts.items():
        step = model.steps[key]
        if fact.state == "failed":
            return Deed("reopen", (key, "keep"))
        if fact.state in OPEN and step["kind"] == "approval":
            return Deed("approve", (key, f"person:judge_{turn}"))
        if fact.state in OPEN:
            return Deed("complete", (key, {"size": 3} if step.get("fields") else {}, f"person:doer_{turn}"))
    raise AssertionError("nothing can be done")
